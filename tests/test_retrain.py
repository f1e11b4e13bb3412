"""Retrain looks at what is served before it takes its place."""

import shutil
from pathlib import Path

import pytest

from shared.errors import TrainingError
from shared.home import Home
from shared.models.demo import DEMO_GGUF, DEMO_NAME
from shared.models.select import pin_model
from shared.releases import ReleaseStore
from training.retrain.served import check_served
from training.run import find_base


def test_a_model_that_was_chosen_by_hand_is_not_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    other = tmp_path / "other.gguf"
    shutil.copy(DEMO_GGUF, other)
    pin_model(home, str(other))
    with pytest.raises(TrainingError, match=r"other is served.*--no-promote"):
        check_served(home, ReleaseStore(home.releases), find_base(DEMO_NAME))


def test_the_base_itself_may_be_replaced_by_its_release(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    check_served(home, ReleaseStore(home.releases), find_base(DEMO_NAME))
