// The start of the preview: glass-easel's environment, the sources' components in it, then the first page.
import * as adapter from "glass-easel-miniprogram-adapter";
import { defineBuiltIns } from "./elements.js";
import { Pages } from "./pages.js";
import { makeWx } from "./wx/api.js";
import { addQueries } from "./wx/query.js";

const { glassEasel } = adapter;
const G = globalThis;
glassEasel.globalOptions.throwGlobalError = true;
const env = new adapter.MiniProgramEnv();
const space = env.createCodeSpace("", true);

/** What went wrong, for tests: an empty list is part of what they assert. */
const errors = (G.__errors = []);
const report = (e) => {
  errors.push(String(e?.stack ?? e));
  console.error("[preview]", e);
};
glassEasel.addGlobalErrorListener((e) => (report(e), false));
glassEasel.addGlobalWarningListener(() => false); // about property types in packages
G.addEventListener("error", (e) => report(e.error ?? e.message));
G.addEventListener("unhandledrejection", (e) => report(e.reason));

// When they reach the document, lengths in rpx inside style="…" are translated, and WeChat's name for a role is the browser's.
const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  const v = name === "style" && typeof value === "string" ? value.replace(/(-?[\d.]+)rpx\b/g, "calc(var(--rpx) * $1)") : value;
  return setAttribute.call(this, name === "aria-role" ? "role" : name, v);
};

// WXS has these beside what JavaScript has.
G.__typeName = (x) =>
  x == null ? undefined : Array.isArray(x) ? "Array" : x instanceof Date ? "Date" : x instanceof RegExp ? "RegExp" : { object: "Object", string: "String", number: "Number", boolean: "Boolean", function: "Function" }[typeof x];
G.getRegExp = (pattern, flags) => new RegExp(pattern, flags);
G.getDate = (...a) => new Date(...a);

// The browser's events become the mini-program's.
const backend = new glassEasel.CurrentWindowBackendContext();
const point = (t) => ({ identifier: t.identifier ?? 0, pageX: t.pageX, pageY: t.pageY, clientX: t.clientX, clientY: t.clientY });
backend.onEvent((target, type, detail, options) => {
  const original = options.originalEvent;
  const extraFields = {};
  if (original?.changedTouches) {
    extraFields.touches = [...original.touches].map(point);
    extraFields.changedTouches = [...original.changedTouches].map(point);
  } else if (original && /^(tap|click)$/.test(type)) extraFields.touches = extraFields.changedTouches = [point(original)];
  const event = new glassEasel.Event(type, detail, { ...options, extraFields });
  glassEasel.Event.dispatchEvent(target, event);
  return event.getEventBubbleStatus();
});

// A tap is done when the finger lifts, and the browser's click comes after: what the tap has brought under the finger, another page or a
// question, must not be pressed by it.
let under;
G.addEventListener("pointerdown", (e) => (under = e.target), true);
G.addEventListener("click", (e) => {
  if (e.isTrusted && e.detail && under && !e.composedPath().includes(under) && !under.contains(e.target)) e.stopImmediatePropagation(), e.preventDefault();
}, true);

// glass-easel leaves the life cycle "ready" to its host: once per component, children first, after the tree stands.
// A third of TDesign's components measure themselves in it.
let waiting = [];
space.setOverallBehavior(
  space.getComponentSpace().defineBehavior({
    lifetimes: {
      attached() {
        if (!waiting.length)
          setTimeout(() => {
            const those = waiting.reverse();
            waiting = [];
            for (const c of those) c.triggerLifetime("ready", []);
          }, 0);
        waiting.push(this._$ ?? this);
      },
    },
  }),
);

let templates, pages, program = { globalData: {} };
const behaviours = {};

/** begin takes the configuration of app.json and the compiled templates. */
export function begin(info, compiled) {
  templates = compiled;
  pages = new Pages({ info, space, associated: env.associateBackend(backend), program: () => program });
  G.wx = makeWx({ pages, info });
  G.getCurrentPages = () => pages.stack.map((p) => p.caller);
  G.getApp = () => program;
  G.App = (o) => void (program = o);
  space.componentEnv("__behaviours", ({ Behavior }) => {
    behaviours["wx://form-field"] = Behavior({ properties: { name: String, value: null } });
    behaviours.other = Behavior({});
  });
  defineBuiltIns(space);
  addQueries(adapter);
}

/** declare says what a component's json says. */
export function declare(name, config, scope) {
  pages.configs[name] = config;
  space.addComponentStaticConfig(name, config);
  space.addCompiledTemplate(name, { groupList: templates, content: templates[name] });
  if (scope) space.addStyleSheet(name, undefined, scope);
}

/** app runs app.ts. */
export function app(run) {
  space.componentEnv("app", (e) => {
    Object.assign(G, { Page: e.Page, Component: e.Component, Behavior: (d) => e.Behavior(mapped(d)) });
    run();
  });
}

/** define runs a component's module: Page() and Component() in it are about this component. */
export function define(name, run) {
  space.componentEnv(name, ({ Page, Component, Behavior }) => {
    const before = [G.Page, G.Component, G.Behavior];
    Object.assign(G, { Page: (d) => Page(mapped(d)), Component: (d) => Component(mapped(d)), Behavior: (d) => Behavior(mapped(d)) });
    try {
      run();
    } finally {
      [G.Page, G.Component, G.Behavior] = before;
    }
  });
}

/** mapped replaces behaviours that are named by a string, such as wx://form-field. */
function mapped(definition) {
  if (Array.isArray(definition.behaviors)) definition.behaviors = definition.behaviors.map((b) => (typeof b === "string" ? (behaviours[b] ?? behaviours.other) : b)).filter(Boolean);
  return definition;
}

/** start opens the page that the address names behind #, or the first. */
export function start() {
  const [path, query = ""] = decodeURIComponent(location.hash.replace(/^#\/?/, "")).split("?");
  const first = pages.info.pages.includes(path) ? path : pages.info.pages[0];
  const options = { path: first, query: Object.fromEntries(new URLSearchParams(query)), scene: 1001 };
  program.onLaunch?.(options);
  program.onShow?.(options);
  pages.open("/" + first + (query ? "?" + query : ""));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) pages.top?.hide(), program.onHide?.();
    else program.onShow?.(options), pages.top?.show();
  });
  G.__preview = { pages, glassEasel, program: () => program };
}
