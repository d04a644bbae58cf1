// The three tabs, in words that fit who one is, with how many messages are unread. WeChat's own bar has fixed text sizes.
import type { Counts } from "../api/contract";
import { capped } from "../lib/view";
import { client, isElder, live, me, session, side } from "../services";
import { texts } from "../texts";

/** What a bar has beside its data: WeChat copies what stands in a component. */
const shown = new WeakSet<object>();
const unhear = new WeakMap<object, () => void>();

Component({
  options: { addGlobalClass: true },
  data: { at: 0, unread: "", elder: false, tabs: [] as { url: string; icon: string; text: string }[] },
  lifetimes: {
    attached() {
      this.draw();
      unhear.set(this, live.on((e) => e.kind !== "case" && shown.has(this) && void this.count()));
      shown.add(this);
    },
    detached() {
      unhear.get(this)?.();
    },
  },
  pageLifetimes: {
    show() {
      shown.add(this);
      this.draw();
    },
    hide() {
      shown.delete(this);
    },
  },
  methods: {
    draw() {
      this.setData({
        elder: isElder(),
        tabs: [
          { url: "/pages/home/index", icon: "home", text: side() === "staff" ? texts.tabs.home : texts.tabs.residentHome },
          { url: "/pages/inbox/index", icon: "inbox", text: texts.tabs.inbox },
          { url: "/pages/me/index", icon: "me", text: texts.tabs.me },
        ],
      });
    },
    /** count shows how many messages are unread, and gives all that was counted; it may fail without a word. */
    async count(): Promise<Counts | undefined> {
      if (!session.kept || !me()) return undefined;
      try {
        const c = await client.call("count_todos", {}, { tries: 1 });
        this.setData({ unread: capped(c.unread, c.cap) });
        return c;
      } catch {
        return undefined; // it shows what it showed
      }
    },
    go(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
      void wx.switchTab({ url: e.currentTarget.dataset.url });
    },
  },
});
