// What is half written: kept at every key stroke, so that a call, a dead battery or a look at another program costs
// nothing. A draft belongs to its person and its form.

import type { Store } from "./store";
import type { Photo } from "./queue";

/** Draft is what a form holds. */
export interface Draft {
  values: Record<string, unknown>;
  photos: Photo[];
  at: string;
}

const keyOf = (person: string, form: string) => `draft/${person}/${form}`;

export class Drafts {
  constructor(private readonly store: Store, private readonly now: () => Date) {}

  /** get is the draft of a form, if there is one. */
  get(person: string, form: string): Draft | undefined {
    return this.store.get<Draft>(keyOf(person, form));
  }

  /** keep writes it; an empty one is no draft. */
  keep(person: string, form: string, values: Record<string, unknown>, photos: Photo[]): void {
    const empty = !photos.length && Object.values(values).every((v) => v === undefined || v === "" || (Array.isArray(v) && !v.length));
    if (empty) this.drop(person, form);
    else this.store.set(keyOf(person, form), { values, photos, at: this.now().toISOString() } satisfies Draft);
  }

  drop(person: string, form: string): void {
    this.store.remove(keyOf(person, form));
  }
}
