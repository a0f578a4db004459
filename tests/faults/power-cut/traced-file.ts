type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly length: number };

/** Bytes that grow. */
class Content {
  #bytes = Buffer.alloc(0);
  length = 0;

  change(change: Change): void {
    if ('length' in change) this.#resize(change.length);
    else {
      this.#resize(Math.max(this.length, change.offset + change.bytes.length));
      change.bytes.copy(this.#bytes, change.offset);
    }
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      this.bytes().copy(larger);
      this.#bytes = larger;
    } else if (length < this.length) this.#bytes.fill(0, length, this.length);
    this.length = length;
  }
}

/** One file under whatever name: as programs see it, and as the disk is known to hold it. */
export class TracedFile {
  readonly #live = new Content();
  readonly #durable = new Content();
  readonly #waiting: Change[] = [];
  #synced = 0;

  get length(): number {
    return this.#live.length;
  }

  write(offset: number, bytes: Buffer): void {
    this.#change({ offset, bytes });
  }

  truncate(length: number): void {
    this.#change({ length });
  }

  /** How many changes there are so far: what a sync that begins now covers. */
  changes(): number {
    return this.#synced + this.#waiting.length;
  }

  /** The first so many changes are on disk. */
  sync(changes: number): void {
    const covered = this.#waiting.splice(0, Math.max(0, changes - this.#synced));
    for (const change of covered) this.#durable.change(change);
    this.#synced += covered.length;
  }

  bytes(which: 'live' | 'durable'): Buffer {
    return which === 'live' ? this.#live.bytes() : this.#durable.bytes();
  }

  #change(change: Change): void {
    this.#live.change(change);
    this.#waiting.push(change);
  }
}
