/** The V4A patch format as a Lark grammar, for deployments whose custom tools constrain what the model may write. */
export const APPLY_PATCH_GRAMMAR = String.raw`start: begin_patch section+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

section: add_file | delete_file | update_file
add_file: "*** Add File: " PATH LF added_line+
delete_file: "*** Delete File: " PATH LF
update_file: "*** Update File: " PATH LF move? body?
move: "*** Move to: " PATH LF

PATH: /(.+)/
added_line: "+" /(.*)/ LF

body: (anchor | changed_line)+ end_of_file?
anchor: ("@@" | "@@ " /(.+)/) LF
changed_line: ("+" | "-" | " ") /(.*)/ LF
end_of_file: "*** End of File" LF

%import common.LF
`;
