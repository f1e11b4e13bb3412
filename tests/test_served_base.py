"""The first release of a base is measured against that base, in the type that ships."""

from pathlib import Path

from shared.home import Home
from shared.releases import ReleaseStore
from tests.tiny_llama import write_base
from training.recipe import Recipe
from training.recipe_parts import Export
from training.retrain.served import serving_file
from training.run import find_base


def test_a_base_without_a_file_is_exported_once_in_the_recipes_type(
    home_of_its_own: Path, tmp_path: Path
) -> None:
    home = Home(home_of_its_own).prepare()
    base = find_base(str(write_base(tmp_path / "tiny-base")))
    recipe = Recipe(name="mine", base=str(base.folder))
    assert recipe.export == Export(kind="q4_k_m")
    store = ReleaseStore(home.releases)
    made = serving_file(home, store, base, recipe)
    assert (made.name, made.path.name) == ("tiny-base", "tiny-base-q4_k_m.gguf")
    before = made.path.stat().st_mtime_ns
    again = serving_file(home, store, base, recipe)
    assert again == made
    assert again.path.stat().st_mtime_ns == before
