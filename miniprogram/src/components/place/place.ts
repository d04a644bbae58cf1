// A place of a form: chosen on the map or where the phone is, shown in words, taken away again. here: only where the phone is, for what was
// done on the spot. fixed: only shown.
import type { Location } from "../../api/contract";
import { choose, here, show, Unplaced } from "../../lib/place";
import { texts } from "../../texts";

const t = texts.place;

Component({
  options: { addGlobalClass: true },
  properties: { value: { type: Object, value: null as never }, here: Boolean, fixed: Boolean, elder: Boolean },
  data: { t, name: "", address: "", message: "", refused: false, busy: false },
  observers: {
    value(l: Location | null) {
      if (l) this.setData({ name: l.name || l.address || (l.accuracy ? t.phone : t.point), address: [l.name && l.address, l.accuracy && t.within(l.accuracy)].filter(Boolean).join(" · "), message: "", refused: false });
    },
  },
  methods: {
    choose() {
      return this.take(choose);
    },
    locate() {
      return this.take(here);
    },
    async take(from: () => Promise<Location | undefined>) {
      if (this.data.busy) return;
      this.setData({ busy: true, message: "", refused: false });
      try {
        const value = await from();
        if (value) this.triggerEvent("change", { value });
      } catch (e) {
        const refused = e instanceof Unplaced && e.refused;
        this.setData({ refused, message: (refused ? t.refused : t.failed) + (this.data.here ? t.without : t.byHand) });
      } finally {
        this.setData({ busy: false });
      }
    },
    async allow() {
      const { authSetting } = await wx.openSetting({}).catch(() => ({ authSetting: {} as Record<string, boolean> }));
      if (authSetting["scope.userLocation"]) this.setData({ message: "", refused: false });
    },
    drop() {
      this.triggerEvent("change", { value: null });
    },
    show() {
      if (this.data.value) show(this.data.value as Location);
    },
  },
});
