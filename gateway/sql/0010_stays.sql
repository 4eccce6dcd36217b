-- Who lies in hospital: asked by person (5303). Stays only, so that outpatient visits and sales pay nothing for it.
CREATE INDEX visit_stays ON visit (psn_no) WHERE state = 1 AND med_type IN ('21', '22', '23', '24', '52');
