// What is kept on the phone. Each key is written whole, so a program that is killed leaves the old value or the new one.
// The layout has a version: a newer program brings what an older one left up to date, key by key, before it uses it.

/** Storage is wx's, or a test's. */
export interface Storage {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  remove(key: string): void;
  keys(): string[];
}

/** Store reads and writes values of known shape. */
export interface Store {
  get<T>(key: string): T | undefined;
  set(key: string, value: unknown): void;
  remove(key: string): void;
  /** The keys that begin with prefix, in order. */
  keys(prefix: string): string[];
}

/** Migration brings a storage from the version before it to its own. It may be run twice: it can be killed too. */
export type Migration = (storage: Storage) => void;

/** migrations are those of this program; the version of the layout is their number. */
export const migrations: readonly Migration[] = [
  () => undefined, // 1: the first layout
];

const versionKey = "layout";

/** Downgraded is a storage written by a newer program: nothing of it is read, nothing written. */
export class Downgraded extends Error {}

/** open brings a storage up to date. */
export function open(storage: Storage, steps: readonly Migration[] = migrations): Store {
  const found = Number(storage.get(versionKey) || 0);
  if (found > steps.length) throw new Downgraded(`layout ${found}, known up to ${steps.length}`);
  for (let v = found; v < steps.length; v++) {
    steps[v](storage);
    storage.set(versionKey, v + 1);
  }
  return {
    get: <T>(key: string) => {
      const value = storage.get(key);
      return value === "" || value === null ? undefined : (value as T | undefined); // wx gives "" for what is not there
    },
    set: (key, value) => storage.set(key, value),
    remove: (key) => storage.remove(key),
    keys: (prefix) => storage.keys().filter((k) => k.startsWith(prefix)).sort(),
  };
}
