"""The pages that `make docs` writes are those that are in the repository."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docs" / "generate.py"


def _pages() -> dict:
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize(
    ("path", "make"), [pytest.param(p, m, id=p.name) for p, m in _pages().items()]
)
def test_a_generated_page_is_fresh(path, make):
    assert path.read_text(encoding="utf-8") == make(), "run: make docs"
