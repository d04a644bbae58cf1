// Facts that a requester adds to their own ticket: words and photos, for who works on it. Kept as a draft, sent once through the queue.

import { messageOf, Refused } from "../../api/problem";
import { look } from "../../look";
import { addTo, dropFrom } from "../../lib/photos";
import type { Photo } from "../../lib/queue";
import { drafts, me, queue, signedIn } from "../../services";
import { texts } from "../../texts";

const t = texts.facts;

Page({
  behaviors: [look],
  data: { t, common: texts.common, form: texts.command, title: "", text: "", photos: [] as Photo[], restored: false, busy: false, message: "", wrong: "" },
  id: "",

  onLoad(query: { id?: string; title?: string }) {
    this.id = query.id ?? "";
    this.setData({ title: decodeURIComponent(query.title ?? "") });
    if (!signedIn()) return;
    const draft = drafts.get(me()?.id ?? "", `facts/${this.id}`);
    if (draft) this.setData({ text: String(draft.values.text ?? ""), photos: draft.photos, restored: true });
  },
  typed(e: WechatMiniprogram.CustomEvent<{ value: string }>) {
    this.data.text = e.detail.value; // not drawn again: the keyboard has it
    if (this.data.wrong) this.setData({ wrong: "" });
    this.keep();
  },
  addPhotos() {
    return addTo(this);
  },
  dropPhoto(e: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    dropFrom(this, e.currentTarget.dataset.at);
  },
  keep() {
    drafts.keep(me()?.id ?? "", `facts/${this.id}`, { text: this.data.text }, this.data.photos);
  },
  async send() {
    const person = me()?.id;
    if (!person || this.data.busy) return;
    this.setData({ busy: true, message: "", wrong: "" });
    try {
      const out = await queue.give({
        person, operation: "add_facts", path: { id: this.id }, body: { text: this.data.text || undefined }, photos: this.data.photos, photosAs: "attachments", title: `${t.title} · ${this.data.title.slice(0, 20)}`,
      });
      drafts.drop(person, `facts/${this.id}`);
      await wx.navigateBack();
      void wx.showToast({ title: out.state !== "done" ? texts.queue.kept : out.answer.state === "waiting" ? t.waiting : t.done, icon: "none", duration: 3000 });
    } catch (e) {
      const field = e instanceof Refused ? e.problem.fields?.find((f) => f.name === "text") : undefined;
      this.setData({ message: field ? "" : messageOf(e), wrong: field?.message ?? "" });
    } finally {
      this.setData({ busy: false });
    }
  },
});
