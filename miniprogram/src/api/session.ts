// Who is signed in. The tokens of a sign-in are kept on the phone. A refresh token is good once, so it is used by one
// call at a time, and the new ones are kept before anybody uses them. When the sign-in has ended, WeChat signs in
// again without a question, on the same side; only when it cannot does the person have to do something.

import type { Store } from "../lib/store";
import type { TokensView } from "./contract";
import { Refused, SignedOut } from "./problem";

/** Side is as what somebody is here. */
export type Side = "staff" | "resident";

/** Kept is what the phone remembers of a sign-in. */
export interface Kept {
  side: Side;
  access: string;
  refresh: string;
  /** Until when the access token is good. */
  until?: string;
  /** The sides that this WeChat can change to. */
  sides: string[];
}

export interface SessionOptions {
  store: Store;
  /** Gets new tokens for a refresh token. */
  refresh: (token: string) => Promise<TokensView>;
  /** Signs in again without asking; undefined when the person is needed. */
  signIn: (side: Side) => Promise<Kept | undefined>;
  now: () => Date;
  /** The sign-in has ended and the person is needed. */
  ended: () => void;
}

const key = "session";

export class Session {
  private renewal?: Promise<string>;

  constructor(private readonly o: SessionOptions) {}

  /** kept is the sign-in, if there is one. */
  get kept(): Kept | undefined {
    return this.o.store.get<Kept>(key);
  }

  /** keep begins a sign-in. */
  keep(kept: Kept): void {
    this.o.store.set(key, kept);
  }

  /** drop forgets the sign-in. */
  drop(): void {
    this.o.store.remove(key);
  }

  /** token is the access token. */
  async token(): Promise<string> {
    const kept = this.kept;
    if (!kept) {
      this.o.ended();
      throw new SignedOut();
    }
    // One that has run out is renewed before it is shown: that spares the way there and back on which it would be refused.
    if (kept.until && Date.parse(kept.until) <= this.o.now().getTime()) return this.renewed(kept.access);
    return kept.access;
  }

  /** renewed is an access token newer than stale. Calls that need one at the same time share one renewal. */
  async renewed(stale: string): Promise<string> {
    const kept = this.kept;
    if (kept && kept.access !== stale) return kept.access;
    this.renewal ??= this.renew().finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  private async renew(): Promise<string> {
    const kept = this.kept;
    if (!kept) return this.token();
    try {
      const tokens = await this.o.refresh(kept.refresh);
      // A phone whose clock is far ahead takes every token for old: then it is left to the server to say so.
      const until = Date.parse(tokens.access_until) > this.o.now().getTime() ? tokens.access_until : undefined;
      this.keep({ ...kept, access: tokens.access_token, refresh: tokens.refresh_token ?? kept.refresh, until });
      return tokens.access_token;
    } catch (e) {
      if (!(e instanceof Refused) || e.problem.code !== "unauthenticated") throw e; // no network: the sign-in may live
    }
    const again = await this.o.signIn(kept.side);
    if (!again) {
      this.drop();
      this.o.ended();
      throw new SignedOut();
    }
    this.keep(again);
    return again.access;
  }
}
