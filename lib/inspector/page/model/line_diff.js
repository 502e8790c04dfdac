/**
 * One row of two texts side by side; `null` where a side has no line there.
 *
 * @typedef {{ left: string | null, right: string | null, same: boolean }} DiffRow
 */

/** Larger tables than this are not filled: the lines are then paired in their order. */
const maxCells = 4_000_000;

/**
 * Two lists of lines side by side, with as many equal lines beside each other as can be (longest common subsequence).
 *
 * @param {readonly string[]} left
 * @param {readonly string[]} right
 * @returns {DiffRow[]}
 */
export function diffLines(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (
    end < left.length - start && end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) end++;
  const leftMiddle = left.slice(start, left.length - end);
  const rightMiddle = right.slice(start, right.length - end);
  return [
    ...left.slice(0, start).map(sameRow),
    ...diffMiddle(leftMiddle, rightMiddle),
    ...left.slice(left.length - end).map(sameRow),
  ];
}

/**
 * Rows with long equal stretches left out: a number stands for that many of them.
 *
 * @param {readonly DiffRow[]} rows
 * @param {number} context equal lines kept around each difference
 * @returns {(DiffRow | number)[]}
 */
export function foldEqual(rows, context) {
  /** @type {(DiffRow | number)[]} */
  const folded = [];
  let i = 0;
  while (i < rows.length) {
    let end = i;
    while (end < rows.length && rows[end].same) end++;
    const before = i === 0 ? 0 : context;
    const after = end === rows.length ? 0 : context;
    const hidden = end - i - before - after;
    if (hidden > 1) {
      folded.push(...rows.slice(i, i + before), hidden, ...rows.slice(end - after, end));
    } else {
      folded.push(...rows.slice(i, end));
    }
    while (end < rows.length && !rows[end].same) folded.push(rows[end++]);
    i = end;
  }
  return folded;
}

/**
 * @param {readonly string[]} left
 * @param {readonly string[]} right
 * @returns {DiffRow[]}
 */
function diffMiddle(left, right) {
  const width = right.length + 1;
  if ((left.length + 1) * width > maxCells) return paired(left, right);
  const lengths = commonLengths(left, right);
  /** @type {DiffRow[]} */
  const rows = [];
  /** @type {string[]} */
  let removed = [];
  /** @type {string[]} */
  let added = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      rows.push(...paired(removed, added), sameRow(left[i]));
      [removed, added] = [[], []];
      i++;
      j++;
    } else if (
      j === right.length || (i < left.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
    ) {
      removed.push(left[i++]);
    } else {
      added.push(right[j++]);
    }
  }
  rows.push(...paired(removed, added));
  return rows;
}

/**
 * Lengths of the longest common subsequences of all pairs of ends.
 *
 * @param {readonly string[]} left
 * @param {readonly string[]} right
 */
function commonLengths(left, right) {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] = left[i] === right[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  return lengths;
}

/**
 * @param {readonly string[]} left
 * @param {readonly string[]} right
 * @returns {DiffRow[]}
 */
function paired(left, right) {
  /** @type {DiffRow[]} */
  const rows = [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const row = { left: left[i] ?? null, right: right[i] ?? null };
    rows.push({ ...row, same: row.left === row.right });
  }
  return rows;
}

/** @param {string} line @returns {DiffRow} */
function sameRow(line) {
  return { left: line, right: line, same: true };
}
