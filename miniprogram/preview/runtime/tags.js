// The built-in components that the preview has. Those that are plain are boxes that the browser draws by base.css alone;
// the others are in elements.js. Packages use some more, which are drawn as boxes too.
export const plain = [
  "view", "text", "cover-view", "form", "radio-group", "swiper", "swiper-item", "slider", "icon", "progress", "picker-view", "picker-view-column", "page-container", "root-portal", "movable-area", "movable-view", "video", "web-view", "cover-image", "match-media", "page-meta", "map",
];
export const provided = ["button", "input", "textarea", "image", "scroll-view", "picker", "switch", "checkbox", "checkbox-group", "radio", "label", "canvas", "rich-text", "navigator"];
