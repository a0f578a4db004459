import { AppError } from '@millrace/kernel';

const VARINT_BASE = 128;
const BYTE_BITS = 8;
const WORD_BITS = 32;

const unreadable = (finding: string): AppError => new AppError('invalid', 'bytes.unreadable', finding);

/** Reads what a `ByteWriter` wrote. Every method throws AppError `invalid` `bytes.unreadable` when it is not there. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw unreadable('the bytes end too early');
    this.#offset += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte % VARINT_BASE) * factor;
      if (!Number.isSafeInteger(value)) throw unreadable('a number is too large');
      if (byte < VARINT_BASE) return value;
      factor *= VARINT_BASE;
    }
  }

  /** Fills `words` with numbers of 32 bits. */
  words(words: Int32Array): void {
    for (let index = 0; index < words.length; index += 1) {
      let word = 0;
      for (let shift = 0; shift < WORD_BITS; shift += BYTE_BITS) word |= this.byte() << shift;
      words[index] = word;
    }
  }

  /** Fills `values`. */
  numbers(values: Float64Array | Int32Array): void {
    const count = values.length;
    let value = 0;
    for (let index = 0; index < count;) {
      const zigzag = this.varint();
      const difference = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      const end = index + this.varint();
      if (end > count || end === index) throw unreadable('there are not as many numbers as announced');
      for (; index < end; index += 1) {
        value += difference;
        values[index] = value;
      }
    }
  }

  json(): unknown {
    const length = this.varint();
    let text = '';
    for (let index = 0; index < length; index += 1) text += String.fromCharCode(this.byte());
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AppError('invalid', 'bytes.unreadable', 'a text is no JSON', { cause });
    }
  }
}
