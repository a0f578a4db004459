import { MsgHdrsImpl } from '@nats-io/transport-node';

/**
 * Headers that are already text. The client's own map checks and canonicalises each name of each message, which takes longer than
 * everything else about a small message.
 */
class HeaderText extends MsgHdrsImpl {
  readonly #block: string;

  constructor(block: string) {
    super();
    this.#block = block;
  }

  override toString(): string {
    return this.#block;
  }

  override encode(): Uint8Array {
    return Buffer.from(this.#block);
  }
}

/** @param pairs Names and values of printable ASCII, or not user input: nothing is checked. */
export const headerText = (pairs: readonly (readonly [string, string])[]): MsgHdrsImpl => {
  let block = 'NATS/1.0\r\n';
  for (const [name, value] of pairs) block += `${name}: ${value}\r\n`;
  return new HeaderText(`${block}\r\n`);
};
