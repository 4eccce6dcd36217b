-- Money once: an institution's word about an item never stands in the way of what the books say of it, and an item that a
-- resolution has brought in is found by its id.

-- Both a difference of the books and one with each institution may stand over one item in one class.
ALTER TABLE difference DROP CONSTRAINT difference_day_node_region_setl_id_class_key;
CREATE UNIQUE INDEX difference_of_books ON difference (day, node, region, setl_id, class) WHERE institution IS NULL;
CREATE UNIQUE INDEX difference_of_institution ON difference (day, node, region, setl_id, class, fixmedins_code)
  WHERE institution IS NOT NULL;
CREATE INDEX difference_item ON difference (setl_id);

-- The resolution that has brought an item's money in, or waits for its second person to; NULL where none has. What was
-- taken back by an entry that stands does not count.
CREATE FUNCTION brought_in_by(item text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT max(r.id) FROM difference d JOIN resolution r ON r.difference = d.id
  WHERE d.setl_id = item AND r.action <> 'undo' AND r.money <> '[]' AND NOT r.refused
    AND NOT EXISTS (SELECT FROM resolution_standing u WHERE u.undoes = r.id)
$$;
