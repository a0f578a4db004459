/** Rows of a page: 2^12. */
const PAGE_BITS = 12;
export const PAGE_ROWS = 2 ** PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;

type Numbers = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** What a column held at one moment: reading it is never too late. */
export interface FrozenColumn {
  readonly get: (row: number) => number;
}

/**
 * A column of numbers by row number that grows by itself. What was never set is 0. One, four or eight bytes a row, nothing for the collector.
 *
 * In pages, so that growing never copies what is there, and that a copy of all of it costs nothing until something changes: a page that was
 * frozen is copied by the first `set` in it.
 */
export class Column {
  readonly #make: () => Numbers;
  #pages: Numbers[] = [];
  /** Whether nobody else holds the page. */
  #isOwn: boolean[] = [];

  private constructor(make: () => Numbers) {
    this.#make = make;
  }

  /** For what is one of a few. */
  static ofBytes(): Column {
    return new Column(() => new Uint8Array(PAGE_ROWS));
  }

  /** For counters, row numbers and other small integers. */
  static ofIntegers(): Column {
    return new Column(() => new Int32Array(PAGE_ROWS));
  }

  /** For sequences, which pass 2^31. */
  static ofDoubles(): Column {
    return new Column(() => new Float64Array(PAGE_ROWS));
  }

  get(row: number): number {
    return this.#pages[row >>> PAGE_BITS]?.[row & PAGE_MASK] ?? 0;
  }

  set(row: number, value: number): void {
    const number = row >>> PAGE_BITS;
    const page = this.#isOwn[number] === true ? this.#pages[number] : this.#own(number);
    if (page !== undefined) page[row & PAGE_MASK] = value;
  }

  /** The column as it is now; costs a reference a page. */
  freeze(): FrozenColumn {
    const pages = [...this.#pages];
    this.#isOwn.fill(false);
    return { get: (row) => pages[row >>> PAGE_BITS]?.[row & PAGE_MASK] ?? 0 };
  }

  #own(number: number): Numbers {
    while (this.#pages.length < number) {
      this.#pages.push(this.#make());
      this.#isOwn.push(true);
    }
    const page = this.#pages[number]?.slice() ?? this.#make();
    this.#pages[number] = page;
    this.#isOwn[number] = true;
    return page;
  }
}
