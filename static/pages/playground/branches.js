// Every continuation that was written and not thrown away, and the tree they make together.
//
// A branch is a whole document: {key, entries, name, pinned, count}. Branches that begin with the same ids share
// nodes; where they part, the model's own probability of each first token says how wide each way is.

const same = (a, b) => a.id === b.id;

function commonLength(a, b) {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && same(a[length], b[length])) length += 1;
  return length;
}

/** Keep `entries` as a branch. It takes the place of the branches it continues, unless those have a name or a pin. */
export function rememberBranch(branches, entries, { count = 1 } = {}) {
  if (entries.length === 0 || entries.some((entry) => entry.draft !== undefined)) return branches;
  const covering = branches.find((branch) => commonLength(branch.entries, entries) === entries.length);
  if (covering) {
    if (count === 1 || covering.entries.length !== entries.length) return branches;
    return branches.map((branch) =>
      branch === covering ? { ...branch, count: Math.max(branch.count, count) } : branch,
    );
  }
  const continued = (branch) =>
    !branch.pinned && !branch.name && commonLength(branch.entries, entries) === branch.entries.length;
  const key = 1 + branches.reduce((most, branch) => Math.max(most, branch.key), 0);
  return [...branches.filter((branch) => !continued(branch)), { key, entries, name: "", pinned: false, count }];
}

export function changeBranch(branches, key, changes) {
  return branches.map((branch) => (branch.key === key ? { ...branch, ...changes } : branch));
}

/** Without these branches; pinned ones stay. */
export function deleteBranches(branches, keys) {
  return branches.filter((branch) => branch.pinned || !keys.includes(branch.key));
}

/** Identical documents become one, with how many there were. */
export function mergeIdentical(documents) {
  const merged = [];
  for (const entries of documents) {
    const twin = merged.find(
      (one) => one.entries.length === entries.length && commonLength(one.entries, entries) === entries.length,
    );
    if (twin) twin.count += 1;
    else merged.push({ entries, count: 1 });
  }
  return merged;
}

/** The model's own probability of an entry where it stands, null where the model was not asked yet. */
export function probabilityOf(entry) {
  const logprob = entry.step?.raw_logprob ?? entry.score?.raw_logprob ?? null;
  return logprob === null ? null : Math.exp(logprob);
}

/**
 * The tree as its root node: {key, start, entries, children, branches, count, ends, probability}. A node is the run
 * of tokens up to where branches part; `ends` is the branch that stops exactly there. Null where there is none.
 */
export function treeOf(branches) {
  if (branches.length === 0) return null;
  return nodeOf(branches, 0);
}

function nodeOf(branches, start) {
  const [first, ...others] = branches;
  const end = others.reduce(
    (most, branch) => Math.min(most, commonLength(first.entries, branch.entries)),
    first.entries.length,
  );
  const groups = new Map();
  let ends = null;
  for (const branch of branches) {
    if (branch.entries.length === end) ends = branch;
    else {
      const { id } = branch.entries[end];
      groups.set(id, [...(groups.get(id) ?? []), branch]);
    }
  }
  const entries = first.entries.slice(start, end);
  // A branch key is stable while its node is: the smallest one names the node.
  const key = `${start}-${Math.min(...branches.map((branch) => branch.key))}`;
  return {
    key,
    start,
    entries,
    ends,
    branches,
    children: [...groups.values()].map((group) => nodeOf(group, end)),
    count: branches.reduce((sum, branch) => sum + branch.count, 0),
    probability: entries.length > 0 ? probabilityOf(entries[0]) : null,
  };
}

/**
 * Blocks of the tree, level by level, inside [0, 1]: {node|null, depth, from, to, share}. Beside the children of a node
 * stands the remainder, everything the model could have written there instead, so that each level sums to one.
 * Where a probability is not known yet, those children share what the others leave.
 */
export function blocksOf(root) {
  const levels = [];
  let level = [{ node: root, depth: 0, from: 0, to: 1, share: 1 }];
  while (level.length > 0) {
    levels.push(level);
    level = level.some(({ node }) => node?.children.length > 0) ? level.flatMap(blocksBelow) : [];
  }
  return levels;
}

function blocksBelow({ node, depth, from, to, share }) {
  if (node === null || node.children.length === 0)
    return [{ node: null, ended: true, depth: depth + 1, from, to, share }];
  const known = node.children.reduce((sum, child) => sum + (child.probability ?? 0), 0);
  const unknown = node.children.filter((child) => child.probability === null).length;
  const scale = known > 1 ? 1 / known : 1; // rounding only: probabilities of different tokens at one place
  const rest = Math.max(0, 1 - known * scale);
  const blocks = [];
  let at = from;
  const add = (below, part) => {
    const next = at + part * (to - from);
    blocks.push({ node: below, depth: depth + 1, from: at, to: next, share: part });
    at = next;
  };
  for (const child of node.children)
    add(child, child.probability === null ? rest / unknown : child.probability * scale);
  if (unknown === 0) add(null, rest);
  return blocks;
}

/** Whether `entries` runs through `node`: its ids up to there are the same. */
export function runsThrough(node, entries) {
  const line = node.branches[0].entries;
  const end = node.start + node.entries.length;
  return (
    entries.length >= Math.min(end, node.start + 1) && commonLength(line, entries) >= Math.min(end, entries.length)
  );
}
