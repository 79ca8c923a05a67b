// What app/assets.py bundles as "d3".
export * from "d3-array";
export * from "d3-hierarchy";
export * from "d3-scale";
export * from "d3-shape";
