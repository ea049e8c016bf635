// A workload: what it does, what it should reach, and how it is run once. Rounds of all workloads interleave.

export interface Figure {
  name: string;
  unit: string;
  value: number;
  /** What the figure should reach; `below` for latencies and memory. */
  reach?: { value: number; below?: boolean };
}

export interface Workload {
  name: string;
  title: string;
  /** Left out unless it is named: minutes or gigabytes. */
  heavy?: boolean;
  run(settings: { seconds: number }): Promise<Figure[]>;
}
