// wx.createSelectorQuery, on the elements that glass-easel made.
class Query {
  asked = [];
  constructor(component) {
    this.component = component;
  }
  in(component) {
    this.component = component;
    return this;
  }
  select(selector) {
    return this.reference(selector, true);
  }
  selectAll(selector) {
    return this.reference(selector, false);
  }
  selectViewport() {
    return this.reference(null, true);
  }
  reference(selector, single) {
    const component = this.component;
    const want = (fields) => (...given) => {
      const wanted = typeof fields === "function" ? fields(given[0]) : fields;
      this.asked.push({ component, selector, single, wanted, then: given.find((g) => typeof g === "function") });
      return this;
    };
    return { boundingClientRect: want({ id: 1, dataset: 1, rect: 1, size: 1 }), scrollOffset: want({ scrollOffset: 1 }), fields: want((f) => f), node: want({ node: 1 }) };
  }
  exec(then) {
    requestAnimationFrame(() => {
      const answers = this.asked.map(({ component, selector, single, wanted, then: each }) => {
        const tree = component._$.getShadowRoot();
        const found = selector === null ? [null] : single ? [tree.querySelector(selector)].filter(Boolean) : tree.querySelectorAll(selector);
        const all = found.map((e) => measured(e, wanted));
        const answer = single ? (all[0] ?? null) : all;
        each?.call(component, answer);
        return answer;
      });
      then?.(answers);
    });
    return this;
  }
}

function measured(e, wanted) {
  const el = e ? e.getBackendElement() : document.documentElement;
  const at = el.getBoundingClientRect();
  const page = el.closest?.(".mp-view")?.getBoundingClientRect() ?? { left: 0, top: 0 };
  const out = {};
  if (wanted.id) out.id = e?.id ?? "";
  if (wanted.dataset) out.dataset = e?.dataset ?? {};
  if (wanted.rect) Object.assign(out, { left: at.left - page.left, top: at.top - page.top, right: at.right - page.left, bottom: at.bottom - page.top });
  if (wanted.size) Object.assign(out, { width: at.width, height: at.height });
  if (wanted.scrollOffset) Object.assign(out, { scrollTop: el.scrollTop, scrollLeft: el.scrollLeft, scrollHeight: el.scrollHeight, scrollWidth: el.scrollWidth });
  if (wanted.node) out.node = el.querySelector("canvas") ?? e?.getMethodCaller?.();
  for (const k of wanted.properties ?? []) out[k] = e?.data?.[k];
  for (const k of wanted.computedStyle ?? []) out[k] = getComputedStyle(el)[k];
  return out;
}

/** newQuery is wx.createSelectorQuery. */
export const newQuery = (component) => new Query(component);

/** addQueries gives components their createSelectorQuery, and a selectComponent that finds built-in ones too. */
export function addQueries(adapter) {
  const caller = adapter.component.ComponentCaller.prototype;
  caller.createSelectorQuery = function () {
    return new Query(this);
  };
  const select = caller.selectComponent;
  caller.selectComponent = function (selector, ...rest) {
    const found = select.call(this, selector, ...rest);
    if (found) return found;
    const node = this._$.getShadowRoot()?.querySelector(selector);
    return node?.getMethodCaller?.() ?? null;
  };
}
