/**
 * Ids of runs by row, and rows by id. A UUID is kept as the 16 bytes that it is and found by a hash table of row numbers: about 25 bytes a run
 * and nothing for the collector, where a text and its entry in a `Map` take 150. The table is in parts, so that none takes long to grow.
 */
import { Column, type FrozenColumn } from './column.ts';
import { formatUuid, parseUuid, UUID_WORDS, type UuidWords } from './uuid-words.ts';

const PART_BITS = 8;
const PARTS = 2 ** PART_BITS;
const HASH_BITS = 32;
const PART_SLOTS_FIRST = 4;
/** Of a part without ids; never written. */
const NO_SLOTS = new Int32Array(1);
/** A part that is fuller than this grows. */
const FILL_MAX = 0.7;
/** Of a part that is as full as it may be when others are fuller by chance. */
const EVENNESS = 0.9;
const FREE = 0;

/** Rows of ids whose hashes begin alike. */
interface Part {
  /** By the last bits of the hash, or behind; {@link FREE} is none. */
  slots: Int32Array<ArrayBuffer>;
  size: number;
}

/** Ids at one moment. */
export interface FrozenIds {
  /** Of a UUID, the first digits first. */
  readonly words: readonly FrozenColumn[];
  /** Ids that are no UUIDs, by row. */
  readonly others: ReadonlyMap<number, string>;
}

/** UUIDs of version 7 are random in their last words. */
const hashOf = (second: number, third: number, fourth: number): number =>
  Math.imul(fourth ^ Math.imul(third, 0x85ebca6b) ^ second, 0x9e3779b1);
const hash = (words: UuidWords): number => hashOf(words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);

export class RunIds {
  readonly #first = Column.ofIntegers();
  readonly #second = Column.ofIntegers();
  readonly #third = Column.ofIntegers();
  readonly #fourth = Column.ofIntegers();
  readonly #columns = [this.#first, this.#second, this.#third, this.#fourth] as const;
  readonly #parts: Part[] = Array.from({ length: PARTS }, () => ({ slots: NO_SLOTS, size: 0 }));
  readonly #otherRows = new Map<string, number>();
  readonly #otherIds = new Map<number, string>();
  /** The id that is sought or set. */
  readonly #words: UuidWords = new Int32Array(UUID_WORDS);
  #uuids = 0;

  get size(): number {
    return this.#uuids + this.#otherRows.size;
  }

  find(id: string): number | undefined {
    const words = this.#words;
    if (!parseUuid(id, words)) return this.#otherRows.get(id);
    const part = this.#partOf(hash(words));
    const row = part.slots[this.#slotOf(part, words)];
    return row === FREE ? undefined : row;
  }

  /** Of a row that has one. */
  id(row: number): string {
    const other = this.#otherIds.get(row);
    if (other !== undefined) return other;
    return formatUuid(this.#first.get(row), this.#second.get(row), this.#third.get(row), this.#fourth.get(row));
  }

  /** The id must be new, the row without one and not 0. */
  set(row: number, id: string): void {
    if (parseUuid(id, this.#words)) {
      this.setUuid(row, this.#words);
      return;
    }
    this.#otherRows.set(id, row);
    this.#otherIds.set(row, id);
  }

  /** As `set`, for the words of a UUID. */
  setUuid(row: number, words: UuidWords): void {
    this.#first.set(row, words[0] ?? 0);
    this.#second.set(row, words[1] ?? 0);
    this.#third.set(row, words[2] ?? 0);
    this.#fourth.set(row, words[3] ?? 0);
    const hashed = hash(words);
    const part = this.#partOf(hashed);
    if (part.size + 1 > part.slots.length * FILL_MAX) {
      this.#resize(part, Math.max(PART_SLOTS_FIRST, part.slots.length * 2));
    }
    const { slots } = part;
    const mask = slots.length - 1;
    let slot = hashed & mask;
    while (slots[slot] !== FREE) slot = (slot + 1) & mask; // it is new, so nobody has to be compared with it
    slots[slot] = row;
    part.size += 1;
    this.#uuids += 1;
  }

  /** Makes room for so many ids at once. */
  reserve(size: number): void {
    let slots = PART_SLOTS_FIRST;
    while (slots * FILL_MAX * PARTS * EVENNESS < size) slots *= 2;
    for (const part of this.#parts) if (part.slots.length < slots) this.#resize(part, slots);
  }

  remove(row: number): void {
    const other = this.#otherIds.get(row);
    if (other !== undefined) {
      this.#otherIds.delete(row);
      this.#otherRows.delete(other);
      return;
    }
    const words = this.#words;
    for (const [index, column] of this.#columns.entries()) words[index] = column.get(row);
    const part = this.#partOf(hash(words));
    this.#empty(part, this.#slotOf(part, words));
    part.size -= 1;
    this.#uuids -= 1;
  }

  freeze(): FrozenIds {
    return { words: this.#columns.map((column) => column.freeze()), others: new Map(this.#otherIds) };
  }

  #hashAt(row: number): number {
    return hashOf(this.#second.get(row), this.#third.get(row), this.#fourth.get(row));
  }

  #partOf(hashed: number): Part {
    const part = this.#parts[hashed >>> (HASH_BITS - PART_BITS)];
    if (part === undefined) throw new RangeError('a hash names a part');
    return part;
  }

  #is(row: number, words: UuidWords): boolean {
    return (
      this.#fourth.get(row) === words[3] &&
      this.#third.get(row) === words[2] &&
      this.#second.get(row) === words[1] &&
      this.#first.get(row) === words[0]
    );
  }

  /** Where the id is, or where it belongs. */
  #slotOf({ slots }: Part, words: UuidWords): number {
    const mask = slots.length - 1;
    let slot = hash(words) & mask;
    for (let row = slots[slot] ?? FREE; row !== FREE && !this.#is(row, words); row = slots[slot] ?? FREE) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #resize(part: Part, slots: number): void {
    const grown = new Int32Array(slots);
    const mask = grown.length - 1;
    for (const row of part.slots) {
      if (row === FREE) continue;
      let slot = this.#hashAt(row) & mask;
      while (grown[slot] !== FREE) slot = (slot + 1) & mask;
      grown[slot] = row;
    }
    part.slots = grown;
  }

  /** Leaves no hole between a row and the slot where its search begins: whatever stands behind may have to move up. */
  #empty({ slots }: Part, slot: number): void {
    const mask = slots.length - 1;
    let hole = slot;
    for (let at = (hole + 1) & mask; slots[at] !== FREE; at = (at + 1) & mask) {
      const row = slots[at] ?? FREE;
      const beginsBehindHole = ((at - this.#hashAt(row)) & mask) < ((at - hole) & mask);
      if (beginsBehindHole) continue;
      slots[hole] = row;
      hole = at;
    }
    slots[hole] = FREE;
  }
}
