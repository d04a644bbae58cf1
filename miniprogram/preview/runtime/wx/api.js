// wx.*: what the sources and their packages use of it, on what a browser has. Each takes success, fail and complete, or
// gives a promise, as WeChat does. A name that is not here is told in the console and is undefined.
import { chooseOn, phoneAt, showOn } from "./map.js";
import { newQuery } from "./query.js";

const params = new URLSearchParams(location.search);
/** Who holds this phone: an id of the stand-in's phones. Each has a storage of their own. */
const who = params.get("who") ?? "";
const kept = `preview/${who}/`;
const server = "http://127.0.0.1:8080"; // what config.ts says for a version in development

const element = (tag, cls, text) => Object.assign(document.createElement(tag), { className: cls ?? "", textContent: text ?? "" });

/** api wraps a function as WeChat's: errors have an errMsg, and callbacks are called. */
const api = (name, run) => (options = {}) => {
  const settled = Promise.resolve().then(() => run(options)).then(
    (answer) => ({ ok: true, result: { errMsg: `${name}:ok`, ...answer } }),
    (e) => ({ ok: false, result: { errMsg: `${name}:fail ${e?.errMsg ?? e?.message ?? e}`, ...(e?.errno ? { errno: e.errno } : {}) } }),
  );
  const called = options.success || options.fail || options.complete;
  const done = settled.then(({ ok, result }) => {
    (ok ? options.success : options.fail)?.(result);
    options.complete?.(result);
    if (!ok && !called) throw result;
    return result;
  });
  return called ? void done : done;
};

/** stand asks the stand-in for WeChat, which the demonstration's server passes on. */
async function stand(order, body) {
  const answer = await fetch(`wechat/${order}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ phone: who, ...body }) });
  const read = await answer.json();
  if (!answer.ok) {
    await held();
    throw new Error(read.error ?? read.message);
  }
  return read;
}

/** held says so where nobody holds this phone: no person of the preview has this id. */
async function held() {
  const people = await fetch("people").then((r) => (r.ok ? r.json() : []), () => []);
  if (!people.length || people.some((p) => p.id === who)) return;
  const say = Object.assign(document.createElement("p"), { textContent: `预览里没有“${who}”这个人的手机。请从名单里选一个人。` });
  say.style.cssText = "margin: 0; padding: 16px; font: 17px/1.6 sans-serif";
  const list = Object.assign(document.createElement("a"), { href: "./", target: "_top", textContent: "看名单" });
  document.body.replaceChildren(say, Object.assign(document.createElement("p"), { style: "padding: 0 16px" }));
  document.body.lastChild.append(list);
}

const storage = {
  get: (k) => {
    const v = localStorage.getItem(kept + k);
    return v === null ? "" : JSON.parse(v);
  },
  set: (k, v) => localStorage.setItem(kept + k, JSON.stringify(v)),
  remove: (k) => localStorage.removeItem(kept + k),
  keys: () => Object.keys(localStorage).filter((k) => k.startsWith(kept)).map((k) => k.slice(kept.length)),
};

// Files: photos that were chosen, by path. Saved ones outlive the page in IndexedDB.
const files = new Map();
const urls = new Map();
const base = "wxfile://usr/";
const cabinet = () =>
  new Promise((yes, no) => {
    const open = indexedDB.open("preview-files", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("files");
    open.onsuccess = () => yes(open.result);
    open.onerror = () => no(open.error);
  });
async function shelf(mode, act) {
  const db = await cabinet();
  return new Promise((yes, no) => {
    const request = act(db.transaction("files", mode).objectStore("files"));
    request.onsuccess = () => yes(request.result);
    request.onerror = () => no(request.error);
  });
}
async function fileAt(path) {
  const f = files.get(path) ?? (await shelf("readonly", (s) => s.get(kept + path)));
  if (!f) throw new Error(`no such file or directory ${path}`);
  files.set(path, f);
  return f;
}
function put(file, folder = "wxfile://tmp/") {
  const path = folder + crypto.randomUUID() + "." + (file.name?.split(".").pop() ?? "jpg");
  files.set(path, file);
  return path;
}

function choose(accept, many) {
  return new Promise((yes, no) => {
    const input = Object.assign(element("input"), { type: "file", accept, multiple: many, hidden: true });
    document.body.append(input);
    input.onchange = () => (input.remove(), yes([...input.files]));
    input.oncancel = () => (input.remove(), no(new Error("cancel")));
    input.click();
  });
}

function dialog({ title, content, body, buttons, low = false }) {
  return new Promise((yes) => {
    const over = element("div", "mp-over" + (low ? " low" : ""));
    const d = element("div", "mp-dialog");
    d.setAttribute("role", "dialog");
    d.setAttribute("aria-modal", "true");
    d.setAttribute("aria-label", title || content || buttons[0].text);
    if (title) d.append(element("h2", "", title));
    if (content) d.append(element("p", "", content));
    if (body) d.append(body);
    const row = low ? d : element("footer");
    for (const b of buttons) {
      const el = element("button", (low ? "list " : "") + (b.cls ?? ""), b.text);
      if (b.color) el.style.color = b.color;
      el.onclick = () => (over.remove(), yes(b.answer));
      row.append(el);
    }
    if (!low) d.append(row);
    over.append(d);
    document.body.append(over);
    d.querySelector("button:last-of-type")?.focus();
  });
}

let toasting;
function toast(text, duration) {
  clearTimeout(toasting);
  document.querySelectorAll(".mp-toast").forEach((e) => e.remove());
  if (text === undefined) return;
  const t = element("div", "mp-toast", text);
  t.setAttribute("role", "status");
  document.body.append(t);
  if (duration) toasting = setTimeout(() => t.remove(), duration);
}

export function makeWx({ pages, info }) {
  const network = [];
  const heard = (online) => network.forEach((f) => f({ isConnected: online, networkType: online ? "wifi" : "none" }));
  addEventListener("online", () => heard(true));
  addEventListener("offline", () => heard(false));

  const address = (url) => (url.startsWith(server) ? url.slice(server.length) : url);
  const window_ = () => ({ pixelRatio: devicePixelRatio, screenWidth: innerWidth, screenHeight: innerHeight, windowWidth: innerWidth, windowHeight: innerHeight - 48, statusBarHeight: 0, safeArea: { left: 0, top: 0, right: innerWidth, bottom: innerHeight, width: innerWidth, height: innerHeight } });
  const about = () => ({ SDKVersion: "3.8.0", version: "8.0.50", language: "zh_CN", theme: "light", fontSizeSetting: Number(params.get("font") ?? 17), fontSizeScaleFactor: Number(params.get("font") ?? 17) / 17 });
  const device = () => ({ brand: "browser", model: "preview", platform: "devtools", system: "browser" });

  /** located asks once whether the program may know where the phone is, as WeChat does: what was answered stays. */
  const scope = `preview-location/${who}`;
  const located = async (name) => {
    if (!info.app.requiredPrivateInfos?.includes(name)) throw new Error("the api need to be declared in the requiredPrivateInfos field in app.json/ext.json");
    if (localStorage.getItem(scope) === null) localStorage.setItem(scope, await dialog({ title: "小浦帮办 申请获取你的位置信息", content: info.app.permission?.["scope.userLocation"]?.desc, buttons: [{ text: "拒绝", answer: false }, { text: "允许", answer: true, cls: "mp-yes" }] }));
    if (localStorage.getItem(scope) !== "true") throw new Error("auth deny");
  };

  const wx = {
    __url(src) {
      if (!src) return "";
      if (urls.has(src)) return urls.get(src);
      if (files.has(src)) urls.set(src, URL.createObjectURL(files.get(src)));
      else if (src.startsWith(base)) fileAt(src).then(() => pages.top?.root && wx.__url(src), () => undefined);
      return urls.get(src) ?? (/^(https?|data|blob):/.test(src) ? address(src) : src);
    },
    /** What a button's open-type gives. */
    async __open(type) {
      if (type !== "getPhoneNumber") return {};
      const agreed = await dialog({ title: "小浦帮办 申请获取你的手机号", content: "演示：使用模拟手机的号码", buttons: [{ text: "不允许", answer: false }, { text: "允许", answer: true, cls: "mp-yes" }] });
      return agreed ? { errMsg: "getPhoneNumber:ok", ...(await stand("phone-code")) } : { errMsg: "getPhoneNumber:fail user deny" };
    },

    request(o) {
      const abort = new AbortController();
      const heard = [];
      const done = api("request", async () => {
        const timer = setTimeout(() => abort.abort(), o.timeout ?? 60_000);
        try {
          const body = o.data === undefined || o.data instanceof ArrayBuffer || typeof o.data === "string" ? o.data : JSON.stringify(o.data);
          const answer = await fetch(address(o.url), { method: o.method ?? "GET", headers: { "Content-Type": "application/json", ...o.header }, body, signal: abort.signal, credentials: "omit" });
          if (o.enableChunked && answer.ok) {
            const reader = answer.body.getReader();
            for (let part; !(part = await reader.read()).done; ) heard.forEach((f) => f({ data: part.value.slice().buffer }));
            return { data: "", statusCode: answer.status, header: Object.fromEntries(answer.headers) };
          }
          const text = await answer.text();
          let data = text;
          try {
            data = JSON.parse(text);
          } catch {
            // not JSON: as it is
          }
          return { data, statusCode: answer.status, header: Object.fromEntries(answer.headers) };
        } finally {
          clearTimeout(timer);
        }
      })(o);
      return Object.assign(done ?? {}, { abort: () => abort.abort(), onChunkReceived: (f) => void heard.push(f), offChunkReceived: (f) => void heard.splice(heard.indexOf(f), 1) });
    },

    login: api("login", () => stand("login")),
    requestSubscribeMessage: api("requestSubscribeMessage", async (o) => {
      if (o.tmplIds.length > 3) throw { errMsg: "Templates count out of max bounds", errno: 20003 };
      const yes = await dialog({ title: "小浦帮办 申请发送消息提醒", content: `共 ${o.tmplIds.length} 种（演示：模拟手机记下您的回答）`, buttons: [{ text: "拒绝", answer: "reject" }, { text: "允许", answer: "accept", cls: "mp-yes" }] });
      const { code, results } = await stand("subscribe", { templates: o.tmplIds, answers: Object.fromEntries(o.tmplIds.map((t) => [t, yes])) });
      if (code) throw { errMsg: "refused", errno: code };
      return results;
    }),
    scanCode: api("scanCode", async () => {
      const result = prompt("二维码的内容");
      if (!result) throw new Error("cancel");
      return { result };
    }),

    navigateTo: api("navigateTo", (o) => pages.navigateTo(o.url)),
    redirectTo: api("redirectTo", (o) => pages.redirectTo(o.url)),
    switchTab: api("switchTab", (o) => pages.switchTab(o.url)),
    reLaunch: api("reLaunch", (o) => pages.reLaunch(o.url)),
    navigateBack: api("navigateBack", (o) => pages.navigateBack(o.delta)),
    setNavigationBarTitle: api("setNavigationBarTitle", (o) => void (pages.top.titleEl.textContent = o.title)),
    stopPullDownRefresh: api("stopPullDownRefresh", () => pages.stack.forEach((p) => p.refreshed())),
    startPullDownRefresh: api("startPullDownRefresh", () => pages.top.refresh()),
    pageScrollTo: api("pageScrollTo", (o) => (o.selector ? pages.top.scroller.querySelector(o.selector)?.scrollIntoView() : pages.top.scroller.scrollTo(0, o.scrollTop))),

    showToast: api("showToast", (o) => toast(o.title, o.duration ?? 1500)),
    hideToast: api("hideToast", () => toast()),
    showLoading: api("showLoading", (o) => toast(o.title)),
    hideLoading: api("hideLoading", () => toast()),
    showModal: api("showModal", async (o) => {
      const no = o.showCancel === false ? [] : [{ text: o.cancelText ?? "取消", answer: false }];
      const confirm = await dialog({ title: o.title, content: o.content, buttons: [...no, { text: o.confirmText ?? "确定", answer: true, cls: "mp-yes", color: o.confirmColor }] });
      return { confirm, cancel: !confirm };
    }),
    showActionSheet: api("showActionSheet", async (o) => {
      const tapIndex = await dialog({ title: o.alertText, low: true, buttons: [...o.itemList.map((text, answer) => ({ text, answer })), { text: "取消", answer: -1 }] });
      if (tapIndex < 0) throw new Error("cancel");
      return { tapIndex };
    }),

    getStorageSync: storage.get,
    setStorageSync: storage.set,
    removeStorageSync: storage.remove,
    getStorageInfoSync: () => ({ keys: storage.keys(), currentSize: 0, limitSize: 10240 }),

    chooseMedia: api("chooseMedia", async (o) => ({ type: "image", tempFiles: (await choose("image/*", (o.count ?? 9) > 1)).map((f) => ({ tempFilePath: put(f), size: f.size, fileType: "image" })) })),
    compressImage: api("compressImage", (o) => ({ tempFilePath: o.src })),
    getFileSystemManager: () => ({
      saveFile: api("saveFile", async (o) => {
        const file = await fileAt(o.tempFilePath);
        const path = put(file, base);
        await shelf("readwrite", (s) => s.put(file, kept + path));
        return { savedFilePath: path };
      }),
      readFile: api("readFile", async (o) => ({ data: await (await fileAt(o.filePath)).slice(o.position ?? 0, (o.position ?? 0) + (o.length ?? Infinity)).arrayBuffer() })),
      getFileInfo: api("getFileInfo", async (o) => ({ size: (await fileAt(o.filePath)).size })),
      unlink: api("unlink", async (o) => (files.delete(o.filePath), urls.delete(o.filePath), void (await shelf("readwrite", (s) => s.delete(kept + o.filePath))))),
    }),
    previewImage: api("previewImage", async (o) => {
      const over = element("div", "mp-over");
      const img = Object.assign(element("img"), { src: wx.__url(o.current ?? o.urls[0]), alt: "" });
      img.style.cssText = "max-width:100%;max-height:100%";
      over.append(img);
      over.onclick = () => over.remove();
      document.body.append(over);
    }),
    getLocation: api("getLocation", async () => (await located("getLocation"), phoneAt)),
    chooseLocation: api("chooseLocation", async (o) => {
      await located("chooseLocation");
      const at = await chooseOn(dialog, o.latitude && o.longitude ? { latitude: o.latitude, longitude: o.longitude } : undefined);
      if (!at) throw new Error("cancel");
      return at;
    }),
    openLocation: api("openLocation", async (o) => void (await showOn(dialog, o))),
    openSetting: api("openSetting", async () => {
      const on = await dialog({ title: "小浦帮办 的权限", content: "位置信息", buttons: [{ text: "不允许", answer: false }, { text: "允许", answer: true, cls: "mp-yes" }] });
      localStorage.setItem(scope, on);
      return { authSetting: { "scope.userLocation": on } };
    }),
    makePhoneCall: api("makePhoneCall", (o) => dialog({ title: "拨打电话", content: o.phoneNumber, buttons: [{ text: "知道了", answer: undefined }] }).then(() => undefined)),
    setClipboardData: api("setClipboardData", async (o) => void (await navigator.clipboard?.writeText(o.data).catch(() => undefined))),
    vibrateShort: api("vibrateShort", () => undefined),

    getNetworkType: api("getNetworkType", () => ({ networkType: navigator.onLine ? "wifi" : "none" })),
    onNetworkStatusChange: (f) => void network.push(f),
    offNetworkStatusChange: (f) => void network.splice(network.indexOf(f), 1),

    getWindowInfo: window_,
    getAppBaseInfo: about,
    getDeviceInfo: device,
    getSystemInfoSync: () => ({ ...window_(), ...about(), ...device() }),
    getAccountInfoSync: () => ({ miniProgram: { appId: "touristappid", envVersion: "develop", version: "" } }),
    getMenuButtonBoundingClientRect: () => ({ left: innerWidth - 97, right: innerWidth - 10, top: 6, bottom: 38, width: 87, height: 32 }),
    getUpdateManager: () => ({ onUpdateReady() {}, applyUpdate() {} }),
    canIUse: () => true,
    nextTick: (f) => void Promise.resolve().then(f),
    createSelectorQuery: () => newQuery(pages.top.caller),
    createIntersectionObserver: (c, o) => c.createIntersectionObserver(o),
    onThemeChange() {},
    onWindowResize() {},
    offWindowResize() {},
    env: { USER_DATA_PATH: "wxfile://usr" },
  };
  return new Proxy(wx, {
    get(target, name) {
      if (!(name in target) && typeof name === "string" && name !== "then") console.warn(`[preview] wx.${name} is not here: add it to preview/runtime/wx/api.js`);
      return target[name];
    },
  });
}
