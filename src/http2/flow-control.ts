// The windows of a stream, or of a connection, in both directions (RFC 9113, sections 5.2 and 6.9). Octets of content, no frames.

import { MAX_31_BITS } from './frames.ts';

export class FlowControl {
  /** What may be sent now; below 0 when the peer has made its window smaller than what is on its way. */
  sendLeft = 0;
  /** What the peer may send now. */
  receiveLeft = 0;
  /** What of it was used and has yet to be allowed again. */
  #owed = 0;
  #receiveSize = 0;

  /** Starts anew. @param sendSize what the peer takes @param receiveSize what we take */
  beginWindows(sendSize: number, receiveSize: number): void {
    this.sendLeft = sendSize;
    this.receiveLeft = receiveSize;
    this.#receiveSize = receiveSize;
    this.#owed = 0;
  }

  /** The peer allows more. False: FLOW_CONTROL_ERROR, the window would be larger than any may be. */
  allow(increment: number): boolean {
    this.sendLeft += increment;
    return this.sendLeft <= MAX_31_BITS;
  }

  /** So much was sent; it is not more than `sendLeft`. */
  sent(octets: number): void {
    this.sendLeft -= octets;
  }

  /** So much has come. False: FLOW_CONTROL_ERROR, the peer has sent more than it may. */
  received(octets: number): boolean {
    this.receiveLeft -= octets;
    return this.receiveLeft >= 0;
  }

  /**
   * So much of what had come is used, and its memory free again. Returns what the peer is to be allowed by WINDOW_UPDATE now, or 0: it hears of it
   * later, once half of the window is due.
   */
  used(octets: number): number {
    this.#owed += octets;
    if (this.#owed * 2 < this.#receiveSize) return 0;
    const increment = this.#owed;
    this.#owed = 0;
    this.receiveLeft += increment;
    return increment;
  }

  /** We take so much from now on, which is more than before. Returns what the peer is to be allowed by WINDOW_UPDATE now. */
  enlarge(receiveSize: number): number {
    const increment = receiveSize - this.#receiveSize + this.#owed;
    this.#receiveSize = receiveSize;
    this.#owed = 0;
    this.receiveLeft += increment;
    return increment;
  }
}
