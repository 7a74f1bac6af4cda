"""The reader of Open-PSA models that the tests use."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidInput
from app.risk.exact.answers.service import exact_service
from tests.unit.risk.exact.fault_tree import built, read_open_psa

MODEL = """<opsa-mef><define-fault-tree name="pumps">
  <define-gate name="top"><label>no flow</label>
    <and><gate name="one"/><or><basic-event name="v"/><gate name="two"/></or></and></define-gate>
  <define-gate name="one"><atleast min="2"><basic-event name="a"/><basic-event name="b"/><event name="c"/></atleast></define-gate>
  <define-gate name="two"><or><basic-event name="p"/><house-event name="h"/></or></define-gate>
</define-fault-tree><model-data>
  <define-basic-event name="a"><float value="0.1"/></define-basic-event>
  <define-basic-event name="b"><float value="0.2"/></define-basic-event>
  <define-basic-event name="c"><float value="0.3"/></define-basic-event>
  <define-basic-event name="v"><float value="0.5"/></define-basic-event>
  <define-basic-event name="p"><float value="0.5"/></define-basic-event>
  <define-house-event name="h"><constant value="false"/></define-house-event>
</model-data></opsa-mef>"""


def test_a_small_model() -> None:
    made = built(read_open_psa(MODEL))
    assert exact_service(made.compiled, made.top).q == pytest.approx(0.098 * 0.75, rel=1e-12)


@pytest.mark.parametrize("kind", ["not", "xor", "nand", "nor"])
def test_what_is_not_coherent_is_refused(kind: str) -> None:
    text = MODEL.replace("<or>", f"<{kind}>").replace("</or>", f"</{kind}>")
    with pytest.raises(InvalidInput, match=f"'{kind}' is not coherent"):
        read_open_psa(text)
