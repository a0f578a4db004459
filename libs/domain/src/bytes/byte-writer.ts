const BYTES_FIRST = 64 * 1024;
/** Bits of a number in each byte of a variable-length number; the first bit says that more follow. */
const VARINT_BASE = 128;
const BYTE_BITS = 8;
const WORD_BITS = 32;

/** Writes numbers and texts into bytes that grow; `ByteReader` reads them. */
export class ByteWriter {
  #bytes = new Uint8Array(BYTES_FIRST);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** From 0 to 255. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** A safe integer from 0: small ones take one byte. */
  varint(value: number): void {
    let rest = value;
    while (rest >= VARINT_BASE) {
      this.byte((rest % VARINT_BASE) + VARINT_BASE);
      rest = Math.floor(rest / VARINT_BASE);
    }
    this.byte(rest);
  }

  /** 32 bits. */
  word(value: number): void {
    for (let shift = 0; shift < WORD_BITS; shift += BYTE_BITS) this.byte((value >>> shift) & 0xff);
  }

  /** Safe integers, however many, as differences and how often each repeats: what hardly changes takes hardly any room. */
  numbers(count: number, valueAt: (index: number) => number): void {
    let previous = 0;
    let difference = 0;
    let repeats = 0;
    for (let index = 0; index < count; index += 1) {
      const value = valueAt(index);
      const next = value - previous;
      previous = value;
      if (repeats > 0 && next === difference) {
        repeats += 1;
        continue;
      }
      if (repeats > 0) this.#repeated(difference, repeats);
      difference = next;
      repeats = 1;
    }
    if (repeats > 0) this.#repeated(difference, repeats);
  }

  /** JSON text in ASCII, with its length before it. */
  json(value: unknown): void {
    const text = JSON.stringify(value).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    this.varint(text.length);
    for (let index = 0; index < text.length; index += 1) this.byte(text.charCodeAt(index));
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #repeated(difference: number, repeats: number): void {
    this.varint(difference >= 0 ? 2 * difference : -2 * difference - 1);
    this.varint(repeats);
  }
}
