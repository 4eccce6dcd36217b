"""One stack for all tests of this folder: region 44 with two gateway processes, region 45 with one, three home nodes.

Every test takes people of its own, so that the tests do not meet in accumulators, accounts and visits.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from stack.patients import read_patients
from stack.plan import read_plan
from tests.endtoend.his import CHINA, His, NewPerson, Person
from tests.endtoend.running_stack import RunningStack, running_stack

PEOPLE_PER_POOL = 200


@pytest.fixture(scope="package")
def nanning_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which region 45 keeps its directory and catalogues; those of region 44 are the shipped ones."""
    shipped = Path(__file__).resolve().parents[2] / "gateway" / "data"
    return Path(shutil.copytree(shipped, tmp_path_factory.mktemp("region") / "data"))


@pytest.fixture(scope="package")
def stack(nanning_data: Path) -> Iterator[RunningStack]:
    """A running stack with people."""
    plan = read_plan().with_free_ports()
    of_its_own = {"44": {"slots": 2}, "45": {"data_dir": str(nanning_data)}}
    regions = tuple(replace(region, **of_its_own[region.code]) for region in plan.regions)
    with running_stack(replace(plan, regions=regions), people_per_pool=PEOPLE_PER_POOL) as running:
        yield running


@pytest.fixture(scope="package")
def new_person(stack: RunningStack) -> NewPerson:
    """Somebody whom no other test has met: `new_person(pool="500000", insutype="390")`."""
    pools = sorted({pool for name in ("44", "45", "50") for pool in POOLS[name]})
    today = datetime.now(CHINA).date().isoformat()
    patients = read_patients(stack.people_file, pools=pools, today=today)
    # a person is taken once, whatever insurance he is taken for
    free = {patient.psn_no: patient for patient in patients}

    def take(pool: str = "440100", insutype: str = "310") -> Person:
        for patient in free.values():
            if patient.home_pool == pool and insutype in patient.insutypes:
                del free[patient.psn_no]
                return Person(patient.psn_no, pool, insutype, patient.certno, patient.name)
        raise AssertionError(f"nobody is left in {pool} under {insutype}: load more people")

    return take


POOLS = {"44": ("440100", "440300", "441500"), "45": ("450100",), "50": ("500000",)}


@pytest.fixture(scope="package")
def hospital(stack: RunningStack) -> Iterator[His]:
    """A hospital in Shenzhen; its gateway has two processes."""
    with His("H44030490001", care_pool="440300", gateways=stack.gateways["44"]) as his:
        yield his


@pytest.fixture(scope="package")
def second_hospital(stack: RunningStack) -> Iterator[His]:
    """Another hospital of the same region."""
    with His("H44030590002", care_pool="440300", gateways=stack.gateways["44"]) as his:
        yield his


@pytest.fixture(scope="package")
def pharmacy(stack: RunningStack) -> Iterator[His]:
    """A pharmacy in Shenzhen."""
    with His("P44030490001", care_pool="440300", gateways=stack.gateways["44"]) as his:
        yield his


@pytest.fixture(scope="package")
def far_hospital(stack: RunningStack) -> Iterator[His]:
    """A hospital in Nanning, of the other care region."""
    with His("H45010390001", care_pool="450100", gateways=stack.gateways["45"]) as his:
        yield his
