// Consent for WeChat's messages. WeChat shows its question only in the very moment of a tap, so what there is to ask for is read
// before, when the page opens. Whether what somebody gives succeeds is known only after that moment, and a question must not lie over a
// form that has to be mended: so it is owed once something has succeeded, and put at the next tap. Nothing depends on the answer, so
// nothing here throws.

import { client } from "../services";
import { newId } from "./id";

/** Scene is where somebody is asked. */
export type Scene = "report" | "accept" | "handle" | "inbox";

let owed: Question | undefined;

/** askOwed puts the question that is owed, if one is. It must be called in a tap's own handler, before anything is awaited. */
export function askOwed(): void {
  void owed?.ask();
  owed = undefined;
}

const most = 3; // templates in one question, by WeChat's rule

/** Question is what a page may ask for at its next tap. */
export class Question {
  private ids: string[] = [];

  constructor(private readonly scene: Scene) {}

  /** prepare reads what the server misses, and gives whether there is anything. */
  async prepare(): Promise<boolean> {
    try {
      const { templates } = await client.call("list_templates_to_ask", { query: { scene: this.scene } }, { tries: 1 });
      this.ids = templates.slice(0, most).map((t) => t.id);
    } catch {
      this.ids = [];
    }
    return this.ids.length > 0;
  }

  /** owe has the question put at the next tap. */
  owe(): void {
    if (this.ids.length) owed = this;
  }

  /** ask puts the question, once, and reports the answers. It must be called in the tap's own handler, before anything is awaited. It gives
   * whether something was allowed. */
  ask(): Promise<boolean> {
    const ids = this.ids;
    this.ids = [];
    if (!ids.length) return Promise.resolve(false);
    const asked = wx.requestSubscribeMessage({ tmplIds: ids });
    return asked.then(
      async (answer) => {
        const said = answer as unknown as Record<string, string>;
        const results = ids.flatMap((template) => (said[template] ? [{ template, result: said[template] as "accept" }] : []));
        if (results.length) await client.call("report_subscriptions", { body: { client_event_id: newId(new Date(), Math.random), results } }, { tries: 3 });
        return results.some((r) => r.result.startsWith("accept"));
      },
    ).catch(() => false);
  }
}
