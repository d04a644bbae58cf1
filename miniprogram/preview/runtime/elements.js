// The built-in components that do something. Each is a component of glass-easel around an element of the browser, which
// brings keyboard, focus and readers of the screen with it.
const box = (c) => c._$.getBackendElement();
const make = (tag, props = {}) => Object.assign(document.createElement(tag), props);
const tell = (c, name, detail = {}) => c.triggerEvent(name, detail);

/** inside gives the built-in components of some kinds that lie in an element. */
const inside = (c, ...kinds) => [...box(c).querySelectorAll(kinds.map((k) => "wx-" + k).join(","))].map((e) => e.__wxElement?.getMethodCaller()).filter(Boolean);

/** around gives the nearest built-in component of a kind that an element lies in. */
function around(c, kind) {
  const e = box(c).parentNode?.closest?.("wx-" + kind);
  return e?.__wxElement?.getMethodCaller();
}

/** aria passes what the sources say to readers of the screen on to an element. */
function aria(c, el) {
  const label = c.data.ariaLabel;
  if (label) el.setAttribute("aria-label", label);
}

/** inner is a component that shows one element of the browser and keeps it in step with its data. */
const inner = ({ properties, create, sync, methods = {} }) => ({
  properties: { ariaLabel: String, ...properties },
  lifetimes: {
    attached() {
      this.el = create(this);
      box(this).append(this.el);
      sync(this);
    },
  },
  observers: {
    "**"() {
      if (this.el) sync(this);
    },
  },
  methods,
});

const modes = { scaleToFill: "fill", aspectFit: "contain", aspectFill: "cover", center: "none", widthFix: "fill", heightFix: "fill" };
const inputModes = { number: "numeric", digit: "decimal" };

const text = (tag) =>
  inner({
    properties: {
      value: String, type: String, password: Boolean, placeholder: String, placeholderStyle: String, placeholderClass: String, disabled: Boolean,
      maxlength: { type: Number, value: 140 }, focus: Boolean, autoFocus: Boolean, confirmType: String, confirmHold: Boolean, autoHeight: Boolean, name: String, cursor: Number, cursorSpacing: Number,
      adjustPosition: Boolean, holdKeyboard: Boolean, fixed: Boolean, showConfirmBar: Boolean, disableDefaultPadding: Boolean, selectionStart: Number, selectionEnd: Number, alwaysEmbed: Boolean,
    },
    create(c) {
      const el = make(tag, { autocomplete: "off" });
      const value = () => ({ value: el.value, cursor: el.selectionStart ?? el.value.length });
      el.addEventListener("input", (e) => {
        e.stopPropagation();
        c.typed = el.value;
        c.setData({ value: el.value });
        tell(c, "input", value());
      });
      el.addEventListener("focus", () => tell(c, "focus", value()));
      el.addEventListener("blur", () => tell(c, "blur", value()));
      el.addEventListener("change", (e) => e.stopPropagation());
      if (tag === "input") el.addEventListener("keydown", (e) => e.key === "Enter" && tell(c, "confirm", value()));
      return el;
    },
    sync(c) {
      const { el, data: d } = c;
      if (tag === "input") {
        el.type = d.password ? "password" : "text";
        el.inputMode = inputModes[d.type] ?? "text";
      }
      el.placeholder = d.placeholder;
      el.disabled = d.disabled;
      if (d.maxlength >= 0) el.maxLength = d.maxlength;
      aria(c, el);
      if (d.value !== c.typed) {
        c.typed = d.value;
        el.value = d.value;
      }
      if (d.focus && document.activeElement !== el) el.focus();
      if (d.autoHeight) {
        el.style.height = "auto";
        el.style.height = box(c).style.height = `${Math.max(el.scrollHeight, 20)}px`;
      }
    },
  });

const choice = (type, group) => ({
  properties: { value: String, checked: Boolean, disabled: Boolean, color: String, name: String, ariaLabel: String },
  lifetimes: {
    attached() {
      this.el = make("input", { type });
      box(this).prepend(this.el);
      this.sync();
      this.el.addEventListener("click", (e) => e.stopPropagation());
      this.el.addEventListener("change", (e) => {
        e.stopPropagation();
        const of = group && around(this, group);
        if (of && type === "radio") for (const other of inside(of, "radio")) if (other !== this) other.setData({ checked: false });
        this.setData({ checked: this.el.checked });
        if (of) tell(of, "change", { value: type === "radio" ? this.data.value : inside(of, "checkbox").filter((c) => c.data.checked).map((c) => c.data.value) });
        else tell(this, "change", { value: this.el.checked });
      });
    },
  },
  observers: {
    "checked, disabled, ariaLabel"() {
      this.sync();
    },
  },
  methods: {
    sync() {
      if (!this.el) return;
      this.el.checked = this.data.checked;
      this.el.disabled = this.data.disabled;
      aria(this, this.el);
    },
  },
});

const components = {
  input: text("input"),
  textarea: text("textarea"),
  checkbox: choice("checkbox", "checkbox-group"),
  "checkbox-group": {},
  radio: choice("radio", "radio-group"),
  switch: choice("checkbox"),

  button: {
    properties: { type: String, size: String, plain: Boolean, disabled: Boolean, loading: Boolean, formType: String, openType: String, hoverClass: String, ariaLabel: String },
    lifetimes: {
      attached() {
        const b = box(this);
        b.setAttribute("role", "button");
        b.tabIndex = 0;
        this.sync();
        b.addEventListener("keydown", (e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), b.click()));
        b.addEventListener("click", async (e) => {
          if (this.data.disabled) return void e.stopImmediatePropagation();
          const open = this.data.openType;
          if (open) tell(this, open.toLowerCase(), await globalThis.wx.__open(open));
        });
        for (const [on, off] of [["pointerdown", "pointerup"], ["pointerdown", "pointerleave"]]) {
          const cls = () => (this.data.hoverClass && this.data.hoverClass !== "none" && !this.data.disabled ? this.data.hoverClass.split(" ") : []);
          b.addEventListener(on, () => b.classList.add(...cls()));
          b.addEventListener(off, () => b.classList.remove(...cls()));
        }
      },
    },
    observers: {
      "disabled, ariaLabel"() {
        this.sync();
      },
    },
    methods: {
      sync() {
        const b = box(this);
        if (!b) return;
        b.toggleAttribute("disabled", this.data.disabled);
        b.setAttribute("aria-disabled", String(this.data.disabled));
        aria(this, b);
      },
    },
  },

  label: {
    properties: { for: String },
    lifetimes: {
      attached() {
        box(this).addEventListener("click", (e) => {
          const t = box(this).querySelector("input");
          if (t && e.target !== t) t.click();
        });
      },
    },
  },

  image: inner({
    properties: { src: String, mode: { type: String, value: "scaleToFill" }, lazyLoad: Boolean, showMenuByLongpress: Boolean },
    create(c) {
      const img = make("img");
      img.addEventListener("load", () => {
        if (c.data.mode === "widthFix") box(c).style.height = "auto";
        tell(c, "load", { width: img.naturalWidth, height: img.naturalHeight });
      });
      img.addEventListener("error", () => tell(c, "error", { errMsg: "image load fail" }));
      return img;
    },
    sync(c) {
      const url = globalThis.wx.__url(c.data.src);
      if (c.el.getAttribute("src") !== url) url ? (c.el.src = url) : c.el.removeAttribute("src");
      c.el.style.objectFit = modes[c.data.mode] ?? "fill";
      c.el.alt = c.data.ariaLabel || "";
    },
  }),

  "scroll-view": {
    properties: {
      scrollX: Boolean, scrollY: Boolean, scrollTop: null, scrollLeft: null, scrollIntoView: String, scrollWithAnimation: Boolean, enhanced: Boolean, showScrollbar: Boolean, enableFlex: Boolean,
      upperThreshold: { type: Number, value: 50 }, lowerThreshold: { type: Number, value: 50 }, enablePassive: Boolean, bounces: Boolean,
    },
    lifetimes: {
      attached() {
        const e = box(this);
        e.addEventListener("scroll", () => {
          tell(this, "scroll", { scrollTop: e.scrollTop, scrollLeft: e.scrollLeft, scrollHeight: e.scrollHeight, scrollWidth: e.scrollWidth });
          const low = e.scrollTop + e.clientHeight >= e.scrollHeight - this.data.lowerThreshold;
          if (low && !this.low) tell(this, "scrolltolower", { direction: "bottom" });
          this.low = low;
        });
        this.sync();
      },
    },
    observers: {
      "scrollX, scrollY, scrollTop, scrollLeft, scrollIntoView"() {
        this.sync();
      },
    },
    methods: {
      sync() {
        const e = box(this);
        const { scrollX, scrollY, scrollTop, scrollLeft, scrollIntoView } = this.data;
        if (!e) return;
        e.style.overflow = `${scrollX ? "auto" : "hidden"} ${scrollY ? "auto" : "hidden"}`;
        if (scrollX || scrollY) e.tabIndex = 0; // what scrolls can be reached by keyboard
        if (scrollTop !== null && scrollTop !== "") e.scrollTop = parseFloat(scrollTop);
        if (scrollLeft !== null && scrollLeft !== "") e.scrollLeft = parseFloat(scrollLeft);
        if (scrollIntoView) e.querySelector(`[id$="${CSS.escape(scrollIntoView)}"]`)?.scrollIntoView();
      },
    },
  },

  // The browser's own chooser lies over what the sources draw.
  picker: inner({
    properties: { mode: { type: String, value: "selector" }, range: { type: Array, value: [] }, rangeKey: String, value: null, start: String, end: String, fields: String, disabled: Boolean, headerText: String },
    create(c) {
      const list = c.data.mode === "selector";
      const el = list ? make("select") : make("input", { type: c.data.mode === "time" ? "time" : c.data.fields === "month" ? "month" : "date" });
      el.className = "mp-picker";
      el.addEventListener("change", (e) => {
        e.stopPropagation();
        tell(c, "change", { value: list ? String(el.selectedIndex - 1) : el.value });
      });
      return el;
    },
    sync(c) {
      const { el, data: d } = c;
      el.disabled = d.disabled;
      aria(c, el);
      if (el.tagName !== "SELECT") {
        el.min = d.start;
        el.max = d.end;
        el.value = d.value ?? "";
        return;
      }
      const options = (d.range ?? []).map((r) => (d.rangeKey ? r[d.rangeKey] : r));
      // The first is none: choosing the first of the range is a change too.
      el.replaceChildren(make("option", { textContent: d.headerText || "", disabled: true }), ...options.map((o) => make("option", { textContent: o })));
      const at = d.value === null || d.value === "" ? -1 : Number(d.value);
      el.selectedIndex = at + 1;
    },
  }),

  canvas: {
    properties: { type: String, canvasId: String, ariaLabel: String },
    lifetimes: {
      attached() {
        const c = make("canvas");
        c.requestAnimationFrame = requestAnimationFrame.bind(window);
        c.cancelAnimationFrame = cancelAnimationFrame.bind(window);
        c.createImage = () => new Image();
        if (this.data.ariaLabel) c.setAttribute("role", "img"), aria(this, c);
        box(this).append(c);
      },
    },
  },

  "rich-text": {
    properties: { nodes: null },
    observers: {
      nodes(nodes) {
        if (box(this)) box(this).textContent = typeof nodes === "string" ? nodes : "";
      },
    },
  },

  navigator: {
    properties: { url: String, openType: { type: String, value: "navigate" }, hoverClass: String },
    lifetimes: {
      attached() {
        box(this).setAttribute("role", "link");
        box(this).addEventListener("click", () => {
          const how = { navigate: "navigateTo", redirect: "redirectTo", switchTab: "switchTab", reLaunch: "reLaunch", navigateBack: "navigateBack" }[this.data.openType];
          if (how && (this.data.url || how === "navigateBack")) globalThis.wx[how]({ url: this.data.url });
        });
      },
    },
  },
};

/** defineBuiltIns makes them known to every template, as wx-…. */
export function defineBuiltIns(space) {
  const own = space.getComponentSpace();
  for (const [name, definition] of Object.entries(components)) {
    const path = "__builtin/" + name;
    space.addComponentStaticConfig(path, { component: true, styleIsolation: "apply-shared" });
    space.componentEnv(path, ({ Component }) => void Component({ ...definition, options: { virtualHost: false } }));
    own.setGlobalUsingComponent("wx-" + name, own.getComponentByUrl("/" + path, ""));
  }
}
