from nbmlops.doors.render.blocks import Line, Page, Source, Tone, many, place
from nbmlops.ops.schedule import Result

NEXT = {
    "systemd": "Copy them to ~/.config/systemd/user, then: systemctl --user enable --now {timer}",
    "cron": "Add the line: crontab -e",
    "github": "Commit them. Settings, Actions: let workflows create pull requests.",
    "gitlab": "Commit it, and make a pipeline schedule with the variable GITLAB_TOKEN.",
    "kubernetes": "Apply them: kubectl apply -k kubernetes",
    "argocd": "Apply it: kubectl apply -f argocd",
    "flux": "Apply them: kubectl apply -f flux",
    "tekton": "Apply them, then start a run: kubectl create -f tekton/run.yaml",
    "modelsync": "Apply them: kubectl apply -f modelsync",
}


def page(result: Result) -> Page:
    timer = next((each.name for each in result.files if each.name.endswith(".timer")), "")
    then = Line(NEXT[result.host].format(timer=timer), Tone.DIM)
    if not result.folder:
        return (*_shown(result), Line("Written as files with -o FOLDER.", Tone.DIM), then)
    head = f"{', '.join(result.reconcilers)} for {result.host}: {many(len(result.files), 'file')}"
    return (
        Line(f"{head} in {place(result.folder)}", Tone.STRONG),
        *(Line(f"  {each.name}", Tone.DIM) for each in result.files),
        then,
    )


def _shown(result: Result) -> Page:
    if result.host == "cron":
        # To be copied, so never cut off at the width of a terminal.
        return tuple(Line(line) for each in result.files for line in each.text.splitlines())
    return tuple(Source(each.text.rstrip("\n"), title=each.name) for each in result.files)
