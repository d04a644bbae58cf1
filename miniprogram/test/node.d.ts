// The little of Node's modules that the tests use; the mini-program itself has none of it.
export const test: (name: string, run: () => void | Promise<void>) => void;
declare const assert: {
  equal(a: unknown, b: unknown, message?: string): void;
  deepEqual(a: unknown, b: unknown, message?: string): void;
  ok(a: unknown, message?: string): asserts a;
  rejects(p: Promise<unknown>, check?: (e: Error) => boolean, message?: string): Promise<void>;
  match(text: string, re: RegExp): void;
  throws(run: () => unknown, check?: unknown): void;
};
export default assert;
export const readFileSync: (file: string, encoding: "utf8") => string;
export const readdirSync: (dir: string, o?: { recursive?: boolean }) => string[];
export const join: (...parts: string[]) => string;
