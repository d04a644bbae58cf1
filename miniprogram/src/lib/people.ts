// Whom to name for a case: first those whose posts are near it, then whoever is searched for by name or post. A street has too many people
// for one chooser on a phone.

import type { Directory, PersonView } from "../api/contract";
import type { Choice } from "./directory";

/** Near is what of a case makes people near it. */
export interface Near {
  department?: string;
  grid?: string;
  community?: string;
  /** Only those with this post, where the command wants one. */
  role?: string;
}

const most = 8;

const label = (p: PersonView): string => `${p.name} ${p.posts[0]?.label ?? ""}`.trim();

/** rank orders by how near somebody's posts are; undefined is not near. */
function rank(p: PersonView, near: Near): number | undefined {
  const ranks = p.posts.map((post) => {
    if (near.role) return post.role === near.role ? 0 : undefined;
    if (post.unit && post.unit === near.department) return post.role === "department_head" ? 0 : 1;
    if (post.unit && post.unit === near.community) return 2;
    return post.unit && post.unit === near.grid ? 3 : undefined;
  });
  return ranks.filter((r) => r !== undefined).sort()[0];
}

/** found are those to choose from: by what was typed, else by how near they are. Those in without are left out. */
export function found(d: Directory, query: string, near: Near, without: string[]): Choice[] {
  const rest = d.people.filter((p) => !without.includes(p.id));
  const words = query.trim();
  const hits = words
    ? rest.filter((p) => p.name.includes(words) || p.posts.some((post) => post.label.includes(words)))
    : rest.flatMap((p) => (rank(p, near) === undefined ? [] : [p])).sort((a, b) => (rank(a, near) ?? 9) - (rank(b, near) ?? 9));
  return hits.slice(0, most).map((p) => ({ id: p.id, name: label(p) }));
}
