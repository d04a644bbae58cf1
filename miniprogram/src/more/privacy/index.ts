// The privacy notice in force. It is Markdown of the plain kind: headings, lists, paragraphs.

import { messageOf } from "../../api/problem";
import { look } from "../../look";
import { anonymous } from "../../services";

interface Piece { kind: "heading" | "item" | "text"; text: string }

Page({
  behaviors: [look],
  data: { pieces: [] as Piece[], state: "loading", message: "" },
  onLoad() {
    void this.load();
  },
  async load() {
    this.setData({ state: "loading" });
    try {
      const { text } = await anonymous.call("get_privacy_notice", {});
      this.setData({ state: "ready", pieces: piecesOf(text) });
    } catch (e) {
      this.setData({ state: "failed", message: messageOf(e) });
    }
  },
});

function piecesOf(markdown: string): Piece[] {
  return markdown.split("\n").map((l) => l.trim()).filter(Boolean).map((l) => {
    const text = l.replace(/^(#+|[-*]|\d+\.)\s+/, "").replace(/\*\*/g, "");
    return { kind: l.startsWith("#") ? "heading" : /^[-*]\s/.test(l) ? "item" : "text", text };
  });
}
