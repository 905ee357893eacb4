"""Files on their way to Dify: names, kinds, sizes, and what an app takes."""

import pytest

from service.answers import uploads
from service.answers.uploads import File, UploadRules
from tests.answers.files import file, read, refusal

ALL_KINDS = list(uploads.KINDS)
ON = {"enabled": True, "number_limits": 5, "allowed_file_upload_methods": ["local_file", "remote_url"]}
DEFAULT_SIZES = {"image": 10, "audio": 50, "video": 100, "document": 15}


def sizes(**megabytes):
    return {kind: number * uploads.MEGABYTE for kind, number in (DEFAULT_SIZES | megabytes).items()}


def rules(*kinds, extensions=(), **megabytes):
    return UploadRules(list(kinds), list(extensions), 3, sizes(**megabytes))


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("a.PNG", "application/octet-stream", "image"),
        ("a.heic", "image/heic", "image"),
        ("a.pdf", "application/pdf", "document"),
        ("a.mp3", "audio/mpeg", "audio"),
        ("a.mov", "video/quicktime", "video"),
        ("a.zip", "application/zip", "custom"),
        ("noname", "application/octet-stream", "custom"),
        ("noname", "text/plain", "custom"),
    ],
)
def test_the_kind_is_the_one_that_dify_will_see(name, media_type, kind):
    assert uploads.kind_of(file(name, media_type)) == kind


@pytest.mark.parametrize(
    ("taken", "name", "kind"),
    [
        (rules("document"), "notes.txt", "document"),
        (rules("image"), "notes.txt", None),
        (rules("custom"), "notes.txt", "custom"),
        (rules("document", "custom"), "notes.txt", "document"),
        (rules("custom", extensions=["txt"]), "notes.TXT", "custom"),
        (rules("custom", extensions=["zip"]), "notes.txt", None),
        (rules("custom", extensions=["zip"]), "all.zip", "custom"),
        (rules("image", extensions=["zip"]), "all.zip", None),
        (rules("image"), "all.zip", None),
    ],
)
def test_an_app_takes_a_file_under_a_kind_of_its_own_or_as_custom(taken, name, kind):
    assert taken.kind_of(file(name, "")) == kind


@pytest.mark.parametrize(
    ("upload", "expected"),
    [
        ({"enabled": False}, None),
        (None, None),
        ({"image": {"enabled": False}}, None),
        ({"image": {"enabled": "yes"}}, None),
        ({"enabled": 1}, None),
        (ON, (ALL_KINDS, [], 5)),
        (ON | {"allowed_file_types": ["image", "nonsense"]}, (["image"], [], 5)),
        (
            ON | {"allowed_file_types": ["custom"], "allowed_file_extensions": [".ZIP", "md"]},
            (["custom"], ["zip", "md"], 5),
        ),
        (ON | {"allowed_file_upload_methods": ["remote_url"]}, None),
        ({"enabled": True, "transfer_methods": ["remote_url"]}, None),
        ({"enabled": True, "transfer_methods": ["local_file"]}, (ALL_KINDS, [], 3)),
        ({"enabled": True, "max_length": 7}, (ALL_KINDS, [], 7)),
        ({"enabled": True, "number_limits": "many"}, (ALL_KINDS, [], 3)),
        ({"image": {"enabled": True, "number_limits": 2}}, (["image"], [], 2)),
        ({"enabled": True, "image": {"enabled": True, "number_limits": 2}}, (ALL_KINDS, [], 3)),
    ],
)  # fmt: skip
def test_an_app_s_parameters_say_what_may_be_attached(upload, expected):
    found = uploads.upload_rules({"file_upload": upload})
    assert (found and (found.kinds, found.extensions, found.max_files)) == expected
    assert found is None or found.max_bytes == sizes()


def test_what_its_inputs_take_counts_though_uploads_are_off():
    letter = {"variable": "letter", "allowed_file_types": ["document"], "allowed_file_upload_methods": ["local_file"]}
    pictures = {"allowed_file_types": ["image"], "max_length": 4}
    links = {"allowed_file_upload_methods": ["remote_url"]}
    form = [{"file": letter}, {"text-input": {"variable": "name"}}, {"file-list": pictures}, {"file": links}, "strange"]
    found = uploads.all_rules({"user_input_form": form})
    assert [(each.kinds, each.max_files) for each in found] == [(["document"], 3), (["image"], 4)]
    assert uploads.all_rules({"user_input_form": {}}) == []


def test_the_limits_are_dify_s_own_or_its_defaults():
    told = {"image_file_size_limit": 2, "audio_file_size_limit": "3", "file_size_limit": -1}
    assert uploads.size_limits({"system_parameters": told}) == sizes(image=2, audio=3)
    assert uploads.size_limits({"system_parameters": []}) == sizes()


def test_a_file_is_taken_by_the_first_rules_that_fit_and_the_size_of_its_extension():
    taken = [rules("image"), rules("custom", "document", image=99)]
    assert uploads.admit(file("a.png"), taken) == ("image", 10 * uploads.MEGABYTE)
    assert uploads.admit(file("a.txt"), taken) == ("document", 15 * uploads.MEGABYTE)
    assert uploads.admit(file("a.mp4", "image/png"), taken) == ("custom", 100 * uploads.MEGABYTE)
    assert uploads.admit(file("a.zip"), taken) == ("custom", 15 * uploads.MEGABYTE)


def test_where_nothing_is_taken_and_where_this_is_not_it_is_said():
    assert refusal(uploads.admit, file(), []) == "feature_off"
    assert refusal(uploads.admit, file(), [rules("image")]) == "unsupported_type"


def test_a_file_passes_up_to_its_limit_and_is_broken_off_beyond():
    assert read(uploads.limit_size(file("a", "b", b"12", b"34"), 4)) == [b"12", b"34"]
    assert refusal(read, uploads.limit_size(file("a", "b", b"12", b"34", b"5"), 4)) == "too_large"


def test_what_is_known_to_be_too_large_is_not_read_at_all():
    assert refusal(uploads.limit_size, file(min_size=5), 4) == "too_large"
    taken = uploads.limit_size(file("a", "b", min_size=4), 4)
    assert (taken.name, taken.media_type, taken.min_size) == ("a", "b", 4)


@pytest.mark.parametrize(
    ("name", "media_type", "kept"),
    [
        ("plan.txt", "", "plan.txt"),
        ("C:\\Users\\Ann\\plan.txt", "", "plan.txt"),
        ("../../etc/passwd.txt", "", "passwd.txt"),
        ("检查结果 ✓.pdf", "", "检查结果 ✓.pdf"),
        ("a\u202eb\n.txt", "", "ab.txt"),
        (" .hidden. ", "", "hidden"),
        ("", "", "file"),
        ("...", "application/pdf; x=1", "file.pdf"),
        ("", "image/svg+xml", "file"),
        ("", "image/PNG", "file.png"),
        ("", "application/zip", "file"),
        (f"{'x' * 300}.txt", "", f"{'x' * 196}.txt"),
        (f"x.{'y' * 300}", "", f"x.{'y' * 19}"),
    ],
)
def test_a_name_is_the_last_part_of_a_path_without_what_cannot_be_seen(name, media_type, kept):
    assert uploads.sanitize_name(name, media_type) == kept


def test_a_form_takes_files_of_any_kind_within_dify_s_sizes():
    rules = [uploads.rules_of_forms({"system_parameters": {"file_size_limit": 2}})]
    for name, kind in (("a.png", "image"), ("a.pdf", "document"), ("a.xyz", "custom"), ("a", "custom")):
        assert uploads.admit(File(name, "application/octet-stream", None), rules)[0] == kind
    assert uploads.admit(File("a.pdf", "application/pdf", None), rules)[1] == 2 * 1024 * 1024
