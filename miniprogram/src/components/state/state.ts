// What stands below a list, or instead of it: a skeleton while it is read, what to do when it is empty, what went wrong.
import { texts } from "../../texts";

Component({
  options: { addGlobalClass: true },
  properties: { state: String, empty: String, message: String, elder: Boolean, small: Boolean },
  data: { t: texts.common, rows: [1, 2, 3] },
  methods: {
    retry() {
      this.triggerEvent("retry");
    },
  },
});
