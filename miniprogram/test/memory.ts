import type { Storage } from "../src/lib/store";

/** memory is a storage as wx has it: values are copied in and out, and what is not there is "". */
export function memory(kept = new Map<string, string>()): Storage {
  return {
    get: (k) => (kept.has(k) ? JSON.parse(kept.get(k)!) : ""),
    set: (k, v) => void kept.set(k, JSON.stringify(v)),
    remove: (k) => void kept.delete(k),
    keys: () => [...kept.keys()],
  };
}
