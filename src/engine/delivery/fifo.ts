// A queue whose front is taken in constant time.

export class Fifo<Item> {
  private items: Item[] = [];
  private start = 0;

  get size(): number {
    return this.items.length - this.start;
  }

  push(item: Item): void {
    this.items.push(item);
  }

  shift(): Item | undefined {
    if (this.start >= this.items.length) return undefined;
    const item = this.items[this.start]!;
    this.start += 1;
    if (this.start > 256 && this.start * 2 > this.items.length) {
      this.items = this.items.slice(this.start);
      this.start = 0;
    }
    return item;
  }

  takeAll(): Item[] {
    const items = this.items.slice(this.start);
    this.items = [];
    this.start = 0;
    return items;
  }
}
