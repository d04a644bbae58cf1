// A drawing beside words: it says nothing of its own, so readers of the screen pass over it.
Component({ properties: { name: String } });
