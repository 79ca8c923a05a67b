// What app/assets.py bundles as "eventsource-parser".
export * from "../../node_modules/eventsource-parser/dist/index.js";
export { EventSourceParserStream } from "../../node_modules/eventsource-parser/dist/stream.js";
