// What every page has: whether it is shown in 长辈版, kept up to date whenever it is shown.

import { isElder } from "./services";

/** look is the behaviour that all pages take. */
export const look = Behavior({
  data: { elder: false },
  lifetimes: {
    created() {
      this.setData({ elder: isElder() });
    },
  },
  pageLifetimes: {
    show() {
      const elder = isElder();
      if (elder !== this.data.elder) this.setData({ elder });
    },
  },
});
