from __future__ import annotations

from gradparity.reports import files
from gradparity.reports.columns import frame
from gradparity.reports.pages import history


def test_a_folder_keeps_a_line_of_every_run(agreeing, mixed, tmp_path):
    for results, date in ((agreeing, "monday"), (mixed, "tuesday")):
        files.write(results, tmp_path, date=date)
    first, second = history.read((tmp_path / "history.jsonl").read_text("utf-8"))
    assert (first["date"], second["date"]) == ("monday", "tuesday")
    assert (first["verdicts"]["agree"], first["failing"]) == (12, [])
    assert second["failing"] == ["softmax", "tie", "bad"]
    assert first["noise_ratio"] == 0.3


def test_an_earlier_report_is_withdrawn_and_its_line_stays(agreeing, tmp_path):
    files.write(agreeing, tmp_path)
    (tmp_path / f".{history.NAME}.0a1b2c3d.tmp").touch()  # a run that was killed while it wrote
    files.withdraw(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]


def test_what_is_no_line_of_ours_is_left_out(agreeing, tmp_path):
    line = history.lines([history.told(agreeing, "today", {})])
    for text in ('{"date": "cut', "[]", "7", "{}", "\x00"):
        assert len(history.read(line + text + "\n" + line)) == 2
    (tmp_path / "history.jsonl").write_bytes(b"\xff\xfe")
    files.write(agreeing, tmp_path)
    assert len(history.read((tmp_path / "history.jsonl").read_text("utf-8"))) == 1


def test_the_oldest_are_forgotten():
    run = history.told(frame([]), "", {})
    runs = [run | {"date": str(k)} for k in range(history.MOST + 3)]
    kept = history.read(history.lines(runs))
    assert (len(kept), kept[0]["date"]) == (history.MOST, "3")
