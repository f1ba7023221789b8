/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The style sheet of the demo's pages: readable on a phone, in the dark and by keyboard. */
#ifndef TESTS_DEMO_STYLE_H
#define TESTS_DEMO_STYLE_H

#define PEER_STYLE \
	":root{color-scheme:light dark;--ink:#1c1e24;--soft:#5a6070;--line:#d7dae2;--card:#fff;--back:#f3f4f8;--brand:#0f5ea8}" \
	"@media(prefers-color-scheme:dark){:root{--ink:#eceef4;--soft:#a9b0c0;--line:#3a3f4b;--card:#1f222a;--back:#14161b}}" \
	".entra{--brand:#0f5ea8}.managed{--brand:#5a3fb0}.portal{--brand:#0b6e5c}" \
	"@media(prefers-color-scheme:dark){.entra{--brand:#3b8fe0}.managed{--brand:#8f78e6}.portal{--brand:#27a98f}}" \
	"*{box-sizing:border-box}" \
	"body{margin:0;border-top:6px solid var(--brand);background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}" \
	"header{padding:1rem 1.5rem 0;max-width:62rem;margin:0 auto}" \
	"header p{margin:0;color:var(--soft);font-size:.95rem}header b{color:var(--brand)}" \
	"main{max-width:62rem;margin:0 auto;padding:.5rem 1.5rem 3rem}" \
	"h1{font-size:1.7rem;line-height:1.25;margin:.6rem 0}h2{font-size:1.1rem;margin:2rem 0 .6rem}" \
	"a{color:var(--brand)}" \
	".card{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1.2rem 1.4rem;margin:1rem 0}.card>p:first-child{margin-top:0}.card>p:last-child{margin-bottom:0}" \
	".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(15.5rem,1fr));gap:.6rem;list-style:none;padding:0;margin:0}" \
	".story{grid-template-columns:repeat(auto-fill,minmax(25rem,1fr))}" \
	"@media(max-width:30rem){.grid,.story{grid-template-columns:1fr}}" \
	".person{display:flex;flex-direction:column;width:100%;height:100%;text-align:left;font:inherit;color:inherit;background:var(--card);" \
	"border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem;cursor:pointer}" \
	".person:hover{border-color:var(--brand)}" \
	".person b,.person span,.person em{display:block}.person span{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}" \
	".person em{font-style:normal;font-size:.9rem;margin-top:.35rem}" \
	":focus-visible{outline:3px solid var(--brand);outline-offset:2px}" \
	".button{display:inline-block;font:inherit;font-weight:600;background:var(--brand);color:#fff;border:0;border-radius:.5rem;" \
	"padding:.65rem 1.2rem;text-decoration:none;cursor:pointer}" \
	"@media(prefers-color-scheme:dark){.button{color:#10131a}}" \
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.2rem;margin:0}dt{color:var(--soft)}" \
	"dd{margin:0;overflow-wrap:anywhere}@media(max-width:30rem){dl{grid-template-columns:1fr}}" \
	"label{cursor:pointer}.soft{color:var(--soft)}"

#endif
