// What app/assets.py bundles as "lit": the library and its directives in one module.
export * from "../../node_modules/lit/index.js";
export { cache } from "../../node_modules/lit/directives/cache.js";
export { classMap } from "../../node_modules/lit/directives/class-map.js";
export { guard } from "../../node_modules/lit/directives/guard.js";
export { ifDefined } from "../../node_modules/lit/directives/if-defined.js";
export { keyed } from "../../node_modules/lit/directives/keyed.js";
export { live } from "../../node_modules/lit/directives/live.js";
export { createRef, ref } from "../../node_modules/lit/directives/ref.js";
export { repeat } from "../../node_modules/lit/directives/repeat.js";
export { when } from "../../node_modules/lit/directives/when.js";
