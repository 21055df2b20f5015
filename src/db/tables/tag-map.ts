// The rows of schema tag_map, as migrations/0034-tag-map.ts makes them.

export interface TagMapTables {
  'tag_map.page': { log_id: number; span: number; prefix: Buffer; slots: Buffer };
  'tag_map.span': { log_id: number; span: number; root: Buffer };
  'tag_map.progress': {
    log_id: number;
    size: number;
    published_size: number | null;
    published_idx: number | null;
    published_at: Date | null;
  };
}
