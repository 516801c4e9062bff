// A store of records in memory, for tests.
import { LighthouseError } from "../../wire/mod.ts";
import type { DeviceRecord, DeviceStore, KeptLink } from "../identity/device_store.ts";

/** Keeps records as IndexedDB would, unless it is switched off. */
export class MemoryStore implements DeviceStore {
  records = new Map<string, DeviceRecord>();
  links = new Map<string, KeptLink>();
  isOff = false;

  async read(relay: string) {
    this.#look();
    return await Promise.resolve({ record: this.records.get(relay), link: this.links.get(relay) });
  }
  async keep(record: DeviceRecord) {
    this.#look();
    await Promise.resolve(this.records.set(record.relay, record));
  }
  async update(relay: string, change: (record: DeviceRecord) => DeviceRecord) {
    this.#look();
    const record = this.records.get(relay);
    await Promise.resolve(record && this.records.set(relay, change(record)));
  }
  async keepLink(link: KeptLink) {
    this.#look();
    await Promise.resolve(this.links.set(link.relay, link));
  }
  async pair(record: DeviceRecord) {
    await this.keep(record);
    this.links.delete(record.relay);
  }
  async remove(relay: string, { all = false } = {}) {
    this.#look();
    this.links.delete(relay);
    await Promise.resolve(all && this.records.delete(relay));
  }
  #look() {
    if (this.isOff) throw new LighthouseError("unsupported", "Nothing is kept here");
  }
}
