import importlib

import jpegqf


def test_the_public_names_are_those_that_dir_shows_and_all_are_there() -> None:
    assert dir(jpegqf) == sorted(jpegqf.__all__)
    for name in jpegqf.__all__:
        assert getattr(jpegqf, name) is not None


def test_a_function_keeps_its_name_where_a_package_could_hide_it() -> None:
    importlib.import_module("jpegqf.scanning.stream")
    importlib.import_module("jpegqf.inspection.inspector")
    assert callable(jpegqf.scan)
    assert callable(jpegqf.inspect)


def test_the_old_place_of_inspect_batch_works_for_one_release() -> None:
    assert importlib.import_module("jpegqf.batch").inspect_batch is jpegqf.inspect_batch
