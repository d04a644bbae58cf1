// A card of a case in a list: tier and state in words, its number, what and where, and the clock.
import { texts } from "../../texts";

Component({
  options: { addGlobalClass: true },
  properties: { card: { type: Object, value: {} }, elder: Boolean },
  data: { provisional: texts.home.provisional },
});
