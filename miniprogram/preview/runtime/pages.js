// The page stack: navigation as WeChat does it, with the life cycles of pages and of what lies in them, the bar with the
// title, tab pages that stay, pulling down to refresh and reaching the bottom.
const limit = 10;
const near = 50; // px from the bottom

export class Pages {
  stack = [];
  configs = {}; // what the pages' json says
  kept = new Map(); // tab pages that have been opened

  constructor({ info, space, associated, program }) {
    Object.assign(this, { info, space, associated, program });
    this.tabs = (info.app.tabBar?.list ?? []).map((t) => t.pagePath);
    addEventListener("resize", () => this.top?.resized());
  }

  get top() {
    return this.stack[this.stack.length - 1];
  }

  /** target reads an address, relative to the page on top. */
  target(url) {
    const [address, query = ""] = url.split("?");
    const path = new URL(address, "http://x/" + (this.top?.path ?? "")).pathname.slice(1);
    if (!this.info.pages.includes(path)) throw new Error(`page "${path}" is not found`);
    return { path, query: Object.fromEntries(query.split("&").filter(Boolean).map((kv) => [kv.split("=")[0], decodeURIComponent(kv.slice(kv.indexOf("=") + 1))])) };
  }

  open(url) {
    const { path, query } = this.target(url);
    const page = new Page(this, path, query);
    if (this.tabs.includes(path)) this.kept.set(path, page);
    return page;
  }

  navigateTo(url) {
    const { path } = this.target(url);
    if (this.tabs.includes(path)) throw new Error("can not navigateTo a tabbar page");
    if (this.stack.length >= limit) throw new Error("webview count limit exceed");
    this.top?.hide();
    this.open(url);
  }

  redirectTo(url) {
    const { path } = this.target(url);
    if (this.tabs.includes(path)) throw new Error("can not redirectTo a tabbar page");
    this.leave();
    this.open(url);
  }

  navigateBack(delta = 1) {
    for (let i = 0; i < delta && this.stack.length > 1; i++) this.leave();
    this.top.show();
  }

  switchTab(url) {
    const { path } = this.target(url);
    if (!this.tabs.includes(path)) throw new Error("can not switch to no-tabBar page");
    if (this.stack.length === 1 && this.top.path === path) return;
    while (this.stack.length) this.leave();
    const kept = this.kept.get(path);
    if (!kept) return void this.open(url);
    this.stack.push(kept);
    kept.show();
  }

  reLaunch(url) {
    this.target(url); // before anything is left
    while (this.stack.length) this.stack.pop().destroy();
    for (const p of this.kept.values()) p.destroy();
    this.kept.clear();
    this.open(url);
  }

  /** leave takes the page on top away; a tab page is only hidden. */
  leave() {
    const page = this.stack.pop();
    if (this.kept.has(page.path)) page.hide();
    else page.destroy();
  }
}

const element = (tag, cls, text = "") => Object.assign(document.createElement(tag), { className: cls, textContent: text });

class Page {
  constructor(pages, path, query) {
    Object.assign(this, { pages, path, query });
    const config = { ...pages.info.app.window, ...pages.configs[path] };
    this.el = element("div", "mp-page");
    this.el.dataset.path = path;
    this.titleEl = element("div", "mp-title", config.navigationBarTitleText ?? "");
    this.titleEl.setAttribute("role", "heading");
    this.titleEl.setAttribute("aria-level", "1");
    const bar = element("div", "mp-bar");
    bar.append(this.titleEl);
    const tab = pages.tabs.includes(path);
    if (pages.stack.length && !tab) {
      const back = element("button", "mp-back", "‹");
      back.setAttribute("aria-label", "返回");
      back.onclick = () => pages.navigateBack();
      bar.prepend(back);
    }
    this.styleEl = element("style", "", pages.info.styles[path] ?? "");
    this.view = element("div", "mp-view");
    this.scroller = element("div", "mp-scroller");
    this.scroller.tabIndex = 0; // what scrolls can be reached by keyboard
    this.view.append(this.scroller);
    this.el.append(bar, this.styleEl, this.view);
    document.getElementById("mp-root").append(this.el);

    this.root = pages.associated.createRoot("wx-page", pages.space, path);
    this.caller = this.root.get();
    Object.assign(this.caller, { route: path, options: query, is: path });
    if (tab && pages.info.app.tabBar.custom) this.addTabBar();
    pages.stack.push(this);
    this.call("onLoad", query);
    this.place(this.root, this.scroller);
    this.scroller.addEventListener("scroll", () => this.scrolled());
    if (config.enablePullDownRefresh) this.pullable();
    this.show();
    setTimeout(() => this.call("onReady"), 0);
  }

  place(root, into) {
    const here = document.createElement("span");
    into.append(here);
    root.attach(into, here);
  }

  addTabBar() {
    this.bar = this.pages.associated.createRoot("wx-tab-bar", this.pages.space, "custom-tab-bar/index");
    const caller = this.bar.get();
    this.caller.getTabBar = () => caller;
    const foot = element("div", "mp-foot");
    this.el.append(foot);
    this.place(this.bar, foot);
  }

  call(name, ...given) {
    const method = this.caller[name];
    return typeof method === "function" ? method.apply(this.caller, given) : undefined;
  }

  show() {
    this.el.hidden = false;
    this.styleEl.media = "all";
    this.atBottom = false;
    this.call("onShow");
    this.root.getComponent().triggerPageLifetime("show", []);
    this.bar?.getComponent().triggerPageLifetime("show", []);
  }

  hide() {
    this.el.hidden = true;
    this.styleEl.media = "not all";
    this.call("onHide");
    this.root.getComponent().triggerPageLifetime("hide", []);
  }

  destroy() {
    this.call("onUnload");
    this.root.release();
    this.bar?.release();
    this.el.remove();
  }

  resized() {
    const size = { windowWidth: innerWidth, windowHeight: innerHeight };
    this.call("onResize", { size });
    this.root.getComponent().triggerPageLifetime("resize", [size]);
  }

  scrolled() {
    const s = this.scroller;
    this.call("onPageScroll", { scrollTop: s.scrollTop });
    const bottom = s.scrollTop + s.clientHeight >= s.scrollHeight - near;
    if (bottom && !this.atBottom) this.call("onReachBottom");
    this.atBottom = bottom;
  }

  /** pullable lets a finger pull the page down. */
  pullable() {
    let from;
    this.scroller.addEventListener("touchstart", (e) => (from = this.scroller.scrollTop <= 0 ? e.touches[0].clientY : undefined), { passive: true });
    this.scroller.addEventListener("touchend", (e) => from !== undefined && e.changedTouches[0].clientY - from > 80 && this.refresh(), { passive: true });
  }

  refresh() {
    if (this.refreshing) return;
    this.refreshing = element("div", "mp-refreshing", "正在刷新");
    this.view.prepend(this.refreshing);
    this.call("onPullDownRefresh");
  }

  refreshed() {
    this.refreshing?.remove();
    this.refreshing = undefined;
  }
}
