// A list that is read page by page, as a page shows it: what there is, and in which state reading it is. What has been
// read stays on the screen while more is read or cannot be.

import { messageOf } from "../api/problem";

/** ListState is what a list shows below its items, or instead of them. */
export type ListState = "loading" | "ready" | "empty" | "failed" | "more" | "moreFailed" | "end";

/** Shown is what a page's data has of a list. */
export interface Shown<T> {
  items: T[];
  state: ListState;
  message: string;
}

/** Page is one page of a list, as the server gives it. */
interface Page<T> {
  items: T[];
  next?: string;
}

/** Listing is a page that shows one list. */
interface Listing { pager?: { first(): Promise<void>; more(): Promise<void>; again(): Promise<void> } }

/** listed is what such a page answers to, to be spread into it: what is its own stands behind. */
export const listed = {
  retry(this: Listing): void {
    void this.pager?.again();
  },
  onReachBottom(this: Listing): void {
    void this.pager?.more();
  },
  async onPullDownRefresh(this: Listing): Promise<void> {
    await this.pager?.first();
    void wx.stopPullDownRefresh();
  },
};

export class Pager<T> {
  private items: T[] = [];
  private next?: string;
  private reading = 0;

  /** read gets the page behind next; show puts the list on the screen. */
  constructor(
    private readonly read: (next: string | undefined) => Promise<Page<T>>,
    private readonly show: (shown: Shown<T>) => void,
  ) {}

  /** first reads the list anew. Items that are on the screen stay until the new ones are there. */
  async first(): Promise<void> {
    const mine = ++this.reading;
    if (!this.items.length) this.tell("loading");
    try {
      const page = await this.read(undefined);
      if (mine !== this.reading) return; // somebody asked for another list meanwhile
      this.items = page.items;
      this.next = page.next;
      this.settle();
    } catch (e) {
      if (mine === this.reading) this.tell(this.items.length ? "moreFailed" : "failed", messageOf(e));
    }
  }

  /** more reads the page behind, if there is one and none is being read. */
  async more(): Promise<void> {
    if (this.next === undefined || this.state === "more" || this.state === "loading") return;
    const mine = this.reading;
    this.tell("more");
    try {
      const page = await this.read(this.next);
      if (mine !== this.reading) return;
      this.items = this.items.concat(page.items);
      this.next = page.next;
      this.settle();
    } catch (e) {
      if (mine === this.reading) this.tell("moreFailed", messageOf(e));
    }
  }

  /** again reads what could not be read: the first page, or the one behind what is there. */
  again(): Promise<void> {
    return this.items.length ? this.more() : this.first();
  }

  private state: ListState = "loading";

  private settle(): void {
    this.tell(!this.items.length ? "empty" : this.next === undefined ? "end" : "ready");
  }

  private tell(state: ListState, message = ""): void {
    this.state = state;
    this.show({ items: this.items, state, message });
  }
}
