// Departments, grids, communities and people to choose from. Kept on the phone so that a choice is there at once, and without a
// network; read anew behind it.

import type { Directory } from "../api/contract";
import { client, me, store } from "../services";

const keyOf = () => `cache/${me()?.id}/directory`;

/** kept is the directory as last read. */
export const kept = (): Directory | undefined => store.get<Directory>(keyOf());

let reading: Promise<Directory> | undefined;

/** directory reads it, once for all who ask meanwhile; without an answer the one last read is good enough. */
export function directory(): Promise<Directory> {
  return (reading ??= read().finally(() => (reading = undefined)));
}

async function read(): Promise<Directory> {
  try {
    const answer = await client.call("get_organisation", {});
    store.set(keyOf(), answer);
    return answer;
  } catch (e) {
    const last = kept();
    if (last) return last;
    throw e;
  }
}

/** Choice is one of a list to choose from. */
export interface Choice {
  id: string;
  name: string;
}

const handlerKey = (department: string) => `handler/${me()?.id}/${department}`;

/** handlersOf are those of a department who can be named handler; the one to suggest comes first: named by the case, else named last from
 * this phone, else the first who is not the head. */
export function handlersOf(d: Directory, department: string, named?: string): Choice[] {
  const handlers = d.departments.find((x) => x.id === department)?.handlers ?? [];
  const wanted = named ?? store.get<string>(handlerKey(department));
  const first = handlers.find((h) => h.id === wanted) ?? handlers.find((h) => !h.head) ?? handlers[0];
  return first ? [first, ...handlers.filter((h) => h !== first)].map(({ id, name }) => ({ id, name })) : [];
}

/** rememberHandler notes whom a head named, to suggest them the next time. */
export const rememberHandler = (department: string, id: string): void => store.set(handlerKey(department), id);
