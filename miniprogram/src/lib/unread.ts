// How many messages I have not read: one number, as the server last said it, for the bar of every tab.

/** Beyond this a badge says only that there are more. */
const most = 99;

export class Unread<C extends { unread: number }> {
  private n = 0;
  private asked = 0;
  private readonly heard = new Set<() => void>();

  constructor(private readonly ask: () => Promise<C | undefined>) {}

  /** words are what a badge shows; none when everything is read. */
  get words(): string {
    return this.n > most ? `${most}+` : this.n ? String(this.n) : "";
  }

  /** on hears of changes until the function it gives is called. */
  on(heard: () => void): () => void {
    this.heard.add(heard);
    return () => this.heard.delete(heard);
  }

  /** set takes a number that the server has said. */
  set(n: number): void {
    this.asked++; // an answer that is still on its way is older
    this.n = n;
    for (const heard of [...this.heard]) heard();
  }

  /** count asks for the number, and gives all that was counted; it may fail without a word. */
  async count(): Promise<C | undefined> {
    const asked = ++this.asked;
    const c = await this.ask().catch(() => undefined);
    if (c && asked === this.asked) this.set(c.unread);
    return c;
  }
}
