// What can go wrong with a request. A page shows message as it is: it says what happened and what to do.

import { texts } from "../texts";
import type { Problem } from "./contract";

/** Refused is an answer of the server that says no, in its own words. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
    this.name = "Refused";
  }

  /** conflict says that somebody changed the case first. */
  get conflict(): boolean {
    return this.problem.reason === "case.version_conflict";
  }
}

/** Unreachable is a request without a usable answer: no network, a timeout, a server that is away (then cause is its status). It may have been done. */
export class Unreachable extends Error {
  constructor(readonly cause?: unknown) {
    super(typeof cause === "number" ? texts.problem.away : texts.problem.unreachable);
    this.name = "Unreachable";
  }
}

/** SignedOut is a request of somebody whose sign-in has ended, and who has to sign in by hand. */
export class SignedOut extends Error {
  constructor() {
    super(texts.problem.signedOut);
    this.name = "SignedOut";
  }
}

/** messageOf is what to show of anything that was thrown. */
export function messageOf(e: unknown): string {
  return e instanceof Refused || e instanceof Unreachable || e instanceof SignedOut ? e.message : texts.problem.ours;
}

/** wrongOf is what to show of a form that was not taken: what the server has against a field stands at it, and what a field of shown
 * does not say stands above. */
export function wrongOf(e: unknown, shown: string[]): { message: string; wrong: Record<string, string> } {
  const wrong = e instanceof Refused ? Object.fromEntries(e.problem.fields?.map((f) => [f.name, f.message]) ?? []) : {};
  const names = Object.keys(wrong);
  return { wrong, message: names.length && names.every((n) => shown.includes(n)) ? texts.command.fields : messageOf(e) };
}

/** cachedBecause says why what stands on the screen is what was read last. */
export const cachedBecause = (e: Unreachable): string => (typeof e.cause === "number" ? texts.common.cachedAway : texts.common.cached);

/** isProblem tells a problem document from whatever a proxy answers. */
export function isProblem(x: unknown): x is Problem {
  const p = x as Partial<Problem> | null;
  return typeof p === "object" && p !== null && typeof p.message === "string" && typeof p.reason === "string" && typeof p.code === "string";
}
