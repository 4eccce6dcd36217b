"""Whether a settlement that lived before may live again: its deltas on top of today's accumulators."""

from homepool.benefits.rule import MED_TYPE_OF, Policy


def breaks_cap(
    policy: Policy, insutype: str, med_type: str, accumulators: tuple[int, ...], deltas: tuple[int, ...]
) -> bool:
    """True if adding `deltas` to `accumulators` (in the order of ledger.rows.ACCUMULATORS) exceeds a yearly cap.

    A cap that depends on the kind of person or the hospital's level counts with its most generous figure:
    what is revived was within its own when it was decided. A delta that adds nothing breaks nothing, even
    over the cap.
    """
    if insutype != policy.insutype:
        return False
    kind = MED_TYPE_OF.get(med_type, med_type)
    for cap in policy.year_caps:
        if cap.med_types and kind not in cap.med_types:
            continue
        added = sum(deltas[at] for at in cap.accumulators)
        if added > 0 and sum(accumulators[at] for at in cap.accumulators) + added > cap.cap_fen:
            return True
    return False
