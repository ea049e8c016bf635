// A blocked Bloom filter over the hashes of a sealed epoch: one cache line a look-up, 12 bits a hash, and
// about one false "perhaps" in 200. It never says "no" of a hash that it holds.

const BLOCK_WORDS = 16; // 64 bytes: one cache line
const BITS_PER_HASH = 12;
const PROBES = 6;

export class IdentityFilter {
  readonly words: Uint32Array;
  private readonly blocks: number;

  private constructor(words: Uint32Array) {
    this.words = words;
    this.blocks = words.length / BLOCK_WORDS;
  }

  static forCount(count: number): IdentityFilter {
    const blocks = Math.max(1, Math.ceil((count * BITS_PER_HASH) / (BLOCK_WORDS * 32)));
    return new IdentityFilter(new Uint32Array(blocks * BLOCK_WORDS));
  }

  static fromBytes(bytes: Buffer): IdentityFilter {
    // A copy: a Buffer from the driver need not begin on a word.
    return new IdentityFilter(new Uint32Array(new Uint8Array(bytes).buffer));
  }

  toBytes(): Buffer {
    return Buffer.from(this.words.buffer);
  }

  add(words: HashWords): void {
    this.probe(words, true);
  }

  has(words: HashWords): boolean {
    return this.probe(words, false);
  }

  /** The hash is uniform, so its own bits choose the block (first word) and the probes (9 bits each). */
  private probe(hash: HashWords, set: boolean): boolean {
    const block = Math.floor((hash.first / 0x1_0000_0000) * this.blocks) * BLOCK_WORDS;
    for (let index = 0; index < PROBES; index++) {
      const source = index < 3 ? hash.second : hash.third;
      const bit = (source >>> ((index % 3) * 9)) & 511;
      const word = block + (bit >>> 5);
      const mask = 1 << (bit & 31);
      if (set) this.words[word]! |= mask;
      else if ((this.words[word]! & mask) === 0) return false;
    }
    return true;
  }
}

export interface HashWords {
  first: number;
  second: number;
  third: number;
}

/** The first 96 bits of a hash in hex, read once for however many filters are asked. */
export function hashWords(hash: string): HashWords {
  return {
    first: Number.parseInt(hash.slice(0, 8), 16),
    second: Number.parseInt(hash.slice(8, 16), 16),
    third: Number.parseInt(hash.slice(16, 24), 16),
  };
}
