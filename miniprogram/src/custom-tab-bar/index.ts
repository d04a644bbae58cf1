// The three tabs, in words that fit who one is, with how many messages are unread. WeChat's own bar has fixed text sizes.
import { isElder, side, unread } from "../services";
import { texts } from "../texts";

/** What a bar has beside its data: WeChat copies what stands in a component. */
const unhear = new WeakMap<object, () => void>();

Component({
  options: { addGlobalClass: true },
  data: { at: 0, unread: "", elder: false, tabs: [] as { url: string; icon: string; text: string }[] },
  lifetimes: {
    attached() {
      this.draw();
      unhear.set(this, unread.on(() => this.setData({ unread: unread.words })));
    },
    detached() {
      unhear.get(this)?.();
    },
  },
  pageLifetimes: {
    show() {
      this.draw();
    },
  },
  methods: {
    draw() {
      this.setData({
        elder: isElder(),
        unread: unread.words,
        tabs: [
          { url: "/pages/home/index", icon: "home", text: side() === "staff" ? texts.tabs.home : texts.tabs.residentHome },
          { url: "/pages/inbox/index", icon: "inbox", text: texts.tabs.inbox },
          { url: "/pages/me/index", icon: "me", text: texts.tabs.me },
        ],
      });
    },
    go(e: WechatMiniprogram.TouchEvent<object, object, { url: string }>) {
      void wx.switchTab({ url: e.currentTarget.dataset.url });
    },
  },
});
