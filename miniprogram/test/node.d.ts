// The little of Node's modules that the tests use; the mini-program itself has none of it.
export const test: (name: string, run: () => void | Promise<void>) => void;
declare const assert: {
  equal(a: unknown, b: unknown, message?: string): void;
  notEqual(a: unknown, b: unknown, message?: string): void;
  deepEqual(a: unknown, b: unknown, message?: string): void;
  ok(a: unknown, message?: string): asserts a;
  rejects(p: Promise<unknown>, check?: (e: Error) => boolean, message?: string): Promise<void>;
  match(text: string, re: RegExp): void;
  throws(run: () => unknown, check?: unknown): void;
};
export default assert;
export const readFileSync: (file: string, encoding: "utf8") => string;
export const readdirSync: (dir: string, o?: { recursive?: boolean }) => string[];
export const mkdtempSync: (prefix: string) => string;
export const mkdirSync: (dir: string, o: { recursive: boolean }) => void;
export const rmSync: (dir: string, o: { recursive: boolean }) => void;
export const writeFileSync: (file: string, text: string) => void;
export const tmpdir: () => string;
export const dirname: (path: string) => string;
export const join: (...parts: string[]) => string;
