// A phone for the journeys: the preview in headless Chromium, held by one person, tapped as a finger taps, with its taps counted.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

/** The server of the journeys that run, and where pictures are kept: scripts/journeys.mjs says both. */
export const base = JSON.parse(process.env.BASES ?? "{}")[path.basename(process.argv[1], ".test.mjs")];
export const shots = process.env.SHOTS;

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// A picture of 64 × 64 points, for photos.
const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAee0lEQVR42hXZkduzYBiG8RcGQRAEwSAIgiAYDILBYBAEQRAEg0EwCE4IBoPBYDAYDAZBEARBEASDwWAwGAwGwWAQBMHg27e/oF/H0/1c97W/vz8Gfwh/iH9If8h/KH8M/1D/0P7Q/zD+MP8Y/TH+w/pj8sf0j9kf9h/OH+4f3h/+H8Ef8z8Wf4R/LP+I/uCP+I/VH+s/Nn9s/9j9sf/j8Mfxj9MfyR/pH9kf+R/FH+Uf1R/1H+c/Ln9c/7j9cf/j8cfzj9cfzR/vPz5/tH90f/R/fP/4+xswGCAMEAdIA+QByoDhAHWANkAfYAwwB4wGjAdYAyYDpgNmA+wBzgB3gDfAHxAMmA9YDAgHLAdEAxgQD1gNWA/YDNgO2A3YDzgMOA44DUgGpAOyAfmAYkA5oBpQDzgPuAy4DrgNuA94DHgOeA1oBrwHfAa0A7oB/YDv4AcQGAgIAqKAJCALKAJDAVVAE9AFDAFTYCQwFrAEJgJTgZmALeAIuAKegC8QCMwFFgKhwFIgEkAgFlgJrAU2AluBncBe4CBwFDgJJAKpQCaQCxQCpUAlUAucBS4CV4GbwF3gIfAUeAk0Am+Bj0Ar0An0Al/hBxAZiAgioogkIosoIkMRVUQT0UUMEVNkJDIWsUQmIlORmYgt4oi4Ip6ILxKIzEUWIqHIUiQSQSQWWYmsRTYiW5GdyF7kIHIUOYkkIqlIJpKLFCKlSCVSi5xFLiJXkZvIXeQh8hR5iTQib5GPSCvSifQiX/EHkBhICBKihCQhSygSQwlVQpPQJQwJU2IkMZawJCYSU4mZhC3hSLgSnoQvEUjMJRYSocRSIpJAIpZYSawlNhJbiZ3EXuIgcZQ4SSQSqUQmkUsUEqVEJVFLnCUuEleJm8Rd4iHxlHhJNBJviY9EK9FJ9BJf6QeQGcgIMqKMJCPLKDJDGVVGk9FlDBlTZiQzlrFkJjJTmZmMLePIuDKejC8TyMxlFjKhzFImkkEmllnJrGU2MluZncxe5iBzlDnJJDKpTCaTyxQypUwlU8ucZS4yV5mbzF3mIfOUeck0Mm+Zj0wr08n0Ml/5B1AYKAgKooKkICsoCkMFVUFT0BUMBVNhpDBWsBQmClOFmYKt4Ci4Cp6CrxAozBUWCqHCUiFSQCFWWCmsFTYKW4Wdwl7hoHBUOCkkCqlCppArFAqlQqVQK5wVLgpXhZvCXeGh8FR4KTQKb4WPQqvQKfQKX+UHGDIYIgwRh0hD5CHKkOEQdYg2RB9iDDGHjIaMh1hDJkOmQ2ZD7CHOEHeIN8QfEgyZD1kMCYcsh0RDGBIPWQ1ZD9kM2Q7ZDdkPOQw5DjkNSYakQ7Ih+ZBiSDmkGlIPOQ+5DLkOuQ25D3kMeQ55DWmGvId8hrRDuiH9kO/wB1AZqAgqooqkIqsoKkMVVUVT0VUMFVNlpDJWsVQmKlOVmYqt4qi4Kp6KrxKozFUWKqHKUiVSQSVWWamsVTYqW5Wdyl7loHJUOakkKqlKppKrFCqlSqVSq5xVLipXlZvKXeWh8lR5qTQqb5WPSqvSqfQqX/UH0BhoCBqihqQhaygaQw1VQ9PQNQwNU2OkMdawNCYaU42Zhq3haLganoavEWjMNRYaocZSI9JAI9ZYaaw1NhpbjZ3GXuOgcdQ4aSQaqUamkWsUGqVGpVFrnDUuGleNm8Zd46Hx1HhpNBpvjY9Gq9Fp9Bpf7QfQGegIOqKOpCPrKDpDHVVH09F1DB1TZ6Qz1rF0JjpTnZmOrePouDqejq8T6Mx1FjqhzlIn0kEn1lnprHU2Oludnc5e56Bz1DnpJDqpTqaT6xQ6pU6lU+ucdS46V52bzl3nofPUeek0Om+dj06r0+n0Ol/9BzAYGAgGooFkIBsoBkMD1UAz0A0MA9NgZDA2sAwmBlODmYFt4Bi4Bp6BbxAYzA0WBqHB0iAywCA2WBmsDTYGW4Odwd7gYHA0OBkkBqlBZpAbFAalQWVQG5wNLgZXg5vB3eBh8DR4GTQGb4OPQWvQGfQGX+MHMBmYCCaiiWQimygmQxPVRDPRTQwT02RkMjaxTCYmU5OZiW3imLgmnolvEpjMTRYmocnSJDLBJDZZmaxNNiZbk53J3uRgcjQ5mSQmqUlmkpsUJqVJZVKbnE0uJleTm8nd5GHyNHmZNCZvk49Ja9KZ9CZf8wcYMRghjBBHSCPkEcqI4Qh1hDZCH2GMMEeMRoxHWCMmI6YjZiPsEc4Id4Q3wh8RjJiPWIwIRyxHRCMYEY9YjViP2IzYjtiN2I84jDiOOI1IRqQjshH5iGJEOaIaUY84j7iMuI64jbiPeIx4jniNaEa8R3xGtCO6Ef2I7+gHGDMYI4wRx0hj5DHKmOEYdYw2Rh9jjDHHjMaMx1hjJmOmY2Zj7DHOGHeMN8YfE4yZj1mMCccsx0RjGBOPWY1Zj9mM2Y7ZjdmPOYw5jjmNScakY7Ix+ZhiTDmmGlOPOY+5jLmOuY25j3mMeY55jWnGvMd8xrRjujH9mO/4B7AYWAgWooVkIVsoFkML1UKz0C0MC9NiZDG2sCwmFlOLmYVt4Vi4Fp6FbxFYzC0WFqHF0iKywCK2WFmsLTYWW4udxd7iYHG0OFkkFqlFZpFbFBalRWVRW5wtLhZXi5vF3eJh8bR4WTQWb4uPRWvRWfQWX+sHmDCYIEwQJ0gT5AnKhOEEdYI2QZ9gTDAnjCaMJ1gTJhOmE2YT7AnOBHeCN8GfEEyYT1hMCCcsJ0QTmBBPWE1YT9hM2E7YTdhPOEw4TjhNSCakE7IJ+YRiQjmhmlBPOE+4TLhOuE24T3hMeE54TWgmvCd8JrQTugn9hO/kB5gymCJMEadIU+QpypThFHWKNkWfYkwxp4ymjKdYUyZTplNmU+wpzhR3ijfFnxJMmU9ZTAmnLKdEU5gST1lNWU/ZTNlO2U3ZTzlMOU45TUmmpFOyKfmUYko5pZpSTzlPuUy5TrlNuU95THlOeU1pprynfKa0U7op/ZTv9AeYMZghzBBnSDPkGcqM4Qx1hjZDn2HMMGeMZoxnWDMmM6YzZjPsGc4Md4Y3w58RzJjPWMwIZyxnRDOYEc9YzVjP2MzYztjN2M84zDjOOM1IZqQzshn5jGJGOaOaUc84z7jMuM64zbjPeMx4znjNaGa8Z3xmtDO6Gf2M7+wHsBnYCDaijWQj2yg2QxvVRrPRbQwb02ZkM7axbCY2U5uZjW3j2Lg2no1vE9jMbRY2oc3SJrLBJrZZ2axtNjZbm53N3uZgc7Q52SQ2qU1mk9sUNqVNZVPbnG0uNlebm83d5mHztHnZNDZvm49Na9PZ9DZf+wdwGDgIDqKD5CA7KA5DB9VBc9AdDAfTYeQwdrAcJg5Th5mD7eA4uA6eg+8QOMwdFg6hw9IhcsAhdlg5rB02DluHncPe4eBwdDg5JA6pQ+aQOxQOpUPlUDucHS4OV4ebw93h4fB0eDk0Dm+Hj0Pr0Dn0Dl/nB3AZuAguoovkIrsoLkMX1UVz0V0MF9Nl5DJ2sVwmLlOXmYvt4ri4Lp6L7xK4zF0WLqHL0iVywSV2WbmsXTYuW5edy97l4HJ0ObkkLqlL5pK7FC6lS+VSu5xdLi5Xl5vL3eXh8nR5uTQub5ePS+vSufQuX/cH8Bh4CB6ih+QheygeQw/VQ/PQPQwP02PkMfawPCYeU4+Zh+3heLgenofvEXjMPRYeocfSI/LAI/ZYeaw9Nh5bj53H3uPgcfQ4eSQeqUfmkXsUHqVH5VF7nD0uHlePm8fd4+Hx9Hh5NB5vj49H69F59B5f7wfwGfgIPqKP5CP7KD5DH9VH89F9DB/TZ+Qz9rF8Jj5Tn5mP7eP4uD6ej+8T+Mx9Fj6hz9In8sEn9ln5rH02Plufnc/e5+Bz9Dn5JD6pT+aT+xQ+pU/lU/ucfS4+V5+bz93n4fP0efk0Pm+fj0/r0/n0Pl//BwgYBAgBYoAUIAcoAcMANUAL0AOMADNgFDAOsAImAdOAWYAd4AS4AV6AHxAEzAMWAWHAMiAKICAOWAWsAzYB24BdwD7gEHAMOAUkAWlAFpAHFAFlQBVQB5wDLgHXgFvAPeAR8Ax4BTQB74BPQBvQBfQB3+AHmDOYI8wR50hz5DnKnOEcdY42R59jzDHnjOaM51hzJnOmc2Zz7DnOHHeON8efE8yZz1nMCecs50RzmBPPWc1Zz9nM2c7ZzdnPOcw5zjnNSeakc7I5+ZxiTjmnmlPPOc+5zLnOuc25z3nMec55zWnmvOd85rRzujn9nO/8B1gwWCAsEBdIC+QFyoLhAnWBtkBfYCwwF4wWjBdYCyYLpgtmC+wFzgJ3gbfAXxAsmC9YLAgXLBdEC1gQL1gtWC/YLNgu2C3YLzgsOC44LUgWpAuyBfmCYkG5oFpQLzgvuCy4LrgtuC94LHgueC1oFrwXfBa0C7oF/YLv4gcIGYQIIWKIFCKHKCHDEDVEC9FDjBAzZBQyDrFCJiHTkFmIHeKEuCFeiB8ShMxDFiFhyDIkCiEkDlmFrEM2IduQXcg+5BByDDmFJCFpSBaShxQhZUgVUoecQy4h15BbyD3kEfIMeYU0Ie+QT0gb0oX0Id/wB1gyWCIsEZdIS+QlypLhEnWJtkRfYiwxl4yWjJdYSyZLpktmS+wlzhJ3ibfEXxIsmS9ZLAmXLJdES1gSL1ktWS/ZLNku2S3ZLzksOS45LUmWpEuyJfmSYkm5pFpSLzkvuSy5LrktuS95LHkueS1plryXfJa0S7ol/ZLv8geIGEQIEWKEFCFHKBHDCDVCi9AjjAgzYhQxjrAiJhHTiFmEHeFEuBFehB8RRMwjFhFhxDIiiiAijlhFrCM2EduIXcQ+4hBxjDhFJBFpRBaRRxQRZUQVUUecIy4R14hbxD3iEfGMeEU0Ee+IT0Qb0UX0Ed/oB/hfwiL8LwKR/pdRKP8LEdT/S/lvrf0thr/V6rec/OL9LyD/IuYvpP1izi8o/K7a32X1G/e/gfkbOb+P9nfsfwfn9+p/D///F8MK1rCBLexgDwc4wgkSSCGDHAoooYIaznCBK9zgDg94wgsaeMMHWuighy8/QMwgRogRY6QYOUaJGcaoMVqMHmPEmDGjmHGMFTOJmcbMYuwYJ8aN8WL8mCBmHrOICWOWMVH8//HjmFXMOmYTs43ZxexjDjHHmFNMEpPGZDF5TBFTxlQxdcw55hJzjbnF3GMeMc+YV0wT8475xLQxXUwf841/gBWDFcIKcYW0Ql6hrBiuUFdoK/QVxgpzxWjFeIW1YrJiumK2wl7hrHBXeCv8FcGK+YrFinDFckW0+v/y4xWrFesVmxXbFbsV+xWHFccVpxXJinRFtiJfUawoV1Qr6hXnFZcV1xW3FfcVjxXPFa8VzYr3is+KdkW3ol/xXf0AawZrhDXiGmmNvEZZM1yjrtHW6GuMNeaa0ZrxGmvNZM10zWyNvcZZ467x1vhrgjXzNYs14Zrlmmj9/+jEa1Zr1ms2a7Zrdmv2aw5rjmtOa5I16ZpsTb6mWFOuqdbUa85rLmuua25r7msea55rXmuaNe81nzXtmm5Nv+a7/gE2DDYIG8QN0gZ5g7JhuEHdoG3QNxgbzA2jDeMN1obJhumG2QZ7g7PB3eBt8DcEG+YbFhvCDcsN0eb/wY83rDasN2w2bDfsNuw3HDYcN5w2JBvSDdmGfEOxodxQbag3nDdcNlw33DbcNzw2PDe8NjQb3hs+G9oN3YZ+w3fzA2wZbBG2iFukLfIWZctwi7pF26JvMbaYW0ZbxlusLZMt0y2zLfYWZ4u7xdvibwm2zLcstoRbllui7f/PNt6y2rLestmy3bLbst9y2HLcctqSbEm3ZFvyLcWWcku1pd5y3nLZct1y23Lf8tjy3PLa0mx5b/lsabd0W/ot3+0PsGOwQ9gh7pB2yDuUHcMd6g5th77D2GHuGO0Y77B2THZMd8x22DucHe4Ob4e/I9gx37HYEe5Y7oh2/4dOvGO1Y71js2O7Y7djv+Ow47jjtCPZke7IduQ7ih3ljmpHveO847LjuuO2477jseO547Wj2fHe8dnR7uh29Du+ux9gz2CPsEfcI+2R9yh7hnvUPdoefY+xx9wz2jPeY+2Z7Jnume2x9zh73D3eHn9PsGe+Z7En3LPcE+3/j8x4z2rPes9mz3bPbs9+z2HPcc9pT7In3ZPtyfcUe8o91Z56z3nPZc91z23Pfc9jz3PPa0+z573ns6fd0+3p93z3P8CBwQHhgHhAOiAfUA4MD6gHtAP6AeOAeWB0YHzAOjA5MD0wO2AfcA64B7wD/oHgwPzA4kB4YHkgOvwf+PGB1YH1gc2B7YHdgf2Bw4HjgdOB5EB6IDuQHygOlAeqA/WB84HLgeuB24H7gceB54HXgebA+8DnQHugO9Af+B5+gCODI8IR8Yh0RD6iHBkeUY9oR/QjxhHzyOjI+Ih1ZHJkemR2xD7iHHGPeEf8I8GR+ZHFkfDI8kh0/H9dxUdWR9ZHNke2R3ZH9kcOR45HTkeSI+mR7Eh+pDhSHqmO1EfORy5HrkduR+5HHkeeR15HmiPvI58j7ZHuSH/ke/wBTgxOCCfEE9IJ+YRyYnhCPaGd0E8YJ8wToxPjE9aJyYnpidkJ+4Rzwj3hnfBPBCfmJxYnwhPLE9Hp/2Ubn1idWJ/YnNie2J3YnzicOJ44nUhOpCeyE/mJ4kR5ojpRnzifuJy4nriduJ94nHieeJ1oTrxPfE60J7oT/Ynv6QdIGCQICWKClCAnKAnDBDVBS9ATjAQzYZQwTrASJgnThFmCneAkuAlegp8QJMwTFglhwjIhSv5HhThhlbBO2CRsE3YJ+4RDwjHhlJAkpAlZQp5QJJQJVUKdcE64JFwTbgn3hEfCM+GV0CS8Ez4JbUKX0Cd8kx8gZZAipIgpUoqcoqQMU9QULUVPMVLMlFHKOMVKmaRMU2YpdoqT4qZ4KX5KkDJPWaSEKcuUKP0fdOKUVco6ZZOyTdml7FMOKceUU0qSkqZkKXlKkVKmVCl1yjnlknJNuaXcUx4pz5RXSpPyTvmktCldSp/yTX+AjEGGkCFmSBlyhpIxzFAztAw9w8gwM0YZ4wwrY5IxzZhl2BlOhpvhZfgZQcY8Y5ERZiwzoux/TIszVhnrjE3GNmOXsc84ZBwzThlJRpqRZeQZRUaZUWXUGeeMS8Y145Zxz3hkPDNeGU3GO+OT0WZ0GX3GN/sBcgY5Qo6YI+XIOUrOMEfN0XL0HCPHzBnljHOsnEnONGeWY+c4OW6Ol+PnBDnznEVOmLPMifL/ITPOWeWsczY525xdzj7nkHPMOeUkOWlOlpPnFDllTpVT55xzLjnXnFvOPeeR88x55TQ575xPTpvT5fQ53/wHKBgUCAVigVQgFygFwwK1QCvQC4wCs2BUMC6wCiYF04JZgV3gFLgFXoFfEBTMCxYFYcGyICr+R+S4YFWwLtgUbAt2BfuCQ8Gx4FSQFKQFWUFeUBSUBVVBXXAuuBRcC24F94JHwbPgVdAUvAs+BW1BV9AXfIsfoGRQIpSIJVKJXKKUDEvUEq1ELzFKzJJRybjEKpmUTEtmJXaJU+KWeCV+SVAyL1mUhCXLkqj8H/DjklXJumRTsi3ZlexLDiXHklNJUpKWZCV5SVFSllQldcm55FJyLbmV3EseJc+SV0lT8i75lLQlXUlf8i1/gIpBhVAhVkgVcoVSMaxQK7QKvcKoMCtGFeMKq2JSMa2YVdgVToVb4VX4FUHFvGJREVYsK6Lq/3oSV6wq1hWbim3FrmJfcag4Vpwqkoq0IqvIK4qKsqKqqCvOFZeKa8Wt4l7xqHhWvCqainfFp6Kt6Cr6im/1A9QMaoQasUaqkWuUmmGNWqPV6DVGjVkzqhnXWDWTmmnNrMaucWrcGq/Grwlq5jWLmrBmWRPV/5eruGZVs67Z1GxrdjX7mkPNseZUk9SkNVlNXlPUlDVVTV1zrrnUXGtuNfeaR82z5lXT1LxrPjVtTVfT13zrH+DM4IxwRjwjnZHPKGeGZ9Qz2hn9jHHGPDM6Mz5jnZmcmZ6ZnbHPOGfcM94Z/0xwZn5mcSY8szwTnf+vhvGZ1Zn1mc2Z7Zndmf2Zw5njmdOZ5Ex6JjuTnynOlGeqM/WZ85nLmeuZ25n7mceZ55nXmebM+8znTHumO9Of+Z5/gAuDC8IF8YJ0Qb6gXBheUC9oF/QLxgXzwujC+IJ1YXJhemF2wb7gXHAveBf8C8GF+YXFhfDC8kJ0+b/YxhdWF9YXNhe2F3YX9hcOF44XTheSC+mF7EJ+obhQXqgu1BfOFy4XrhduF+4XHheeF14XmgvvC58L7YXuQn/he/kBrgyuCFfEK9IV+YpyZXhFvaJd0a8YV8wroyvjK9aVyZXpldkV+4pzxb3iXfGvBFfmVxZXwivLK9H1/1oeX1ldWV/ZXNle2V3ZXzlcOV45XUmupFeyK/mV4kp5pbpSXzlfuVy5XrlduV95XHleeV1prryvfK60V7or/ZXv9Qe4Mbgh3BBvSDfkG8qN4Q31hnZDv2HcMG+MboxvWDcmN6Y3ZjfsG84N94Z3w78R3JjfWNwIbyxvRLf/pUJ8Y3VjfWNzY3tjd2N/43DjeON0I7mR3shu5DeKG+WN6kZ943zjcuN643bjfuNx43njdaO58b7xudHe6G70N763H+DO4I5wR7wj3ZHvKHeGd9Q72h39jnHHvDO6M75j3Zncmd6Z3bHvOHfcO94d/05wZ35ncSe8s7wT3f9XIvGd1Z31nc2d7Z3dnf2dw53jndOd5E56J7uT3ynulHeqO/Wd853Lneud2537nced553XnebO+87nTnunu9Pf+d5/gAeDB8ID8YH0QH6gPBg+UB9oD/QHxgPzwejB+IH1YPJg+mD2wH7gPHAfeA/8B8GD+YPFg/DB8kH0+F/oxA9WD9YPNg+2D3YP9g8OD44PTg+SB+mD7EH+oHhQPqge1A/ODy4Prg9uD+4PHg+eD14PmgfvB58H7YPuQf/g+/gBngyeCE/EJ9IT+YnyZPhEfaI90Z8YT8wnoyfjJ9aTyZPpk9kT+4nzxH3iPfGfBE/mTxZPwifLJ9Hzfx0VP1k9WT/ZPNk+2T3ZPzk8OT45PUmepE+yJ/mT4kn5pHpSPzk/uTy5Prk9uT95PHk+eT1pnryffJ60T7on/ZPv8wd4MXghvBBfSC/kF8qL4Qv1hfZCf2G8MF+MXoxfWC8mL6YvZi/sF84L94X3wn8RvJi/WLwIXyxfRK//ZVr8YvVi/WLzYvti92L/4vDi+OL0InmRvshe5C+KF+WL6kX94vzi8uL64vbi/uLx4vni9aJ58X7xedG+6F70L76vH6Bh0CA0iA1Sg9ygNAwb1AatQW8wGsyGUcO4wWqYNEwbZg12g9PgNngNfkPQMG9YNIQNy4ao+V8Fxg2rhnXDpmHbsGvYNxwajg2nhqQhbcga8oaioWyoGuqGc8Ol4dpwa7g3PBqeDa+GpuHd8GloG7qGvuHb/ABvBm+EN+Ib6Y38RnkzfKO+0d7ob4w35pvRm/Eb683kzfTN7I39xnnjvvHe+G+CN/M3izfhm+Wb6P2/yIzfrN6s32zebN/s3uzfHN4c35zeJG/SN9mb/E3xpnxTvanfnN9c3lzf3N7c3zzePN+83jRv3m8+b9o33Zv+zff9A3wYfBA+iB+kD/IH5cPwg/pB+6B/MD6YH0Yfxh+sD5MP0w+zD/YH54P7wfvgfwg+zD8sPoQflh+iz/8aNv6w+rD+sPmw/bD7sP9w+HD8cPqQfEg/ZB/yD8WH8kP1of5w/nD5cP1w+3D/8Pjw/PD60Hx4f/h8aD90H/oP388P0DJoEVrEFqlFblFahi1qi9aitxgtZsuoZdxitUxapi2zFrvFaXFbvBa/JWiZtyxawpZlS9T+L5HjllXLumXTsm3ZtexbDi3HllNL0pK2ZC15S9FStlQtdcu55dJybbm13FseLc+WV0vT8m75tLQtXUvf8m1/gI5Bh9AhdkgdcofSMexQO7QOvcPoMDtGHeMOq2PSMe2YddgdTofb4XX4HUHHvGPREXYsO6LufwUed6w61h2bjm3HrmPfceg4dpw6ko60I+vIO4qOsqPqqDvOHZeOa8et497x6Hh2vDqajnfHp6Pt6Dr6jm/3A/QMeoQesUfqkXuUnmGP2qP16D1Gj9kz6hn3WD2TnmnPrMfucXrcHq/H7wl65j2LnrBn2RP1/wv8uGfVs+7Z9Gx7dj37nkPPsefUk/SkPVlP3lP0lD1VT91z7rn0XHtuPfeeR8+z59XT9Lx7Pj1tT9fT93z7H+DL4IvwRfwifZG/KF+GX9Qv2hf9i/HF/DL6Mv5ifZl8mX6ZfbG/OF/cL94X/0vwZf5l8SX8svwSff///RB/WX1Zf9l82X7Zfdl/OXw5fjl9Sb6kX7Iv+ZfiS/ml+lJ/OX+5fLl+uX25f3l8eX55fWm+vL98vrRfui/9l++Xf1vMQVpHSFleAAAAAElFTkSuQmCC", "base64");

/** browser starts Chromium; CHROMIUM names another one than the system's. */
export const browser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet });

/** open opens the preview as a person's phone. */
export async function open(chrome, { base, who, width = 390, height = 844, page: at = "", shots, storage, font }) {
  const context = await chrome.newContext({ viewport: { width, height }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "zh-CN", timezoneId: "Asia/Shanghai", storageState: storage });
  // How much is asked of the server, besides the stream of changes.
  await context.addInitScript(() => {
    const real = globalThis.fetch;
    globalThis.__asked = 0;
    globalThis.fetch = (url, options) => {
      if (String(url).includes("/stream")) return real(url, options);
      globalThis.__asked++;
      return real(url, options).finally(() => globalThis.__asked--);
    };
  });
  // LATE=700: every answer comes up to so many ms late, which shows where a journey does not wait for what it needs.
  const late = Number(process.env.LATE ?? 0);
  if (late) await context.route(/\/api\/v1\/(?!stream)/, (r) => void setTimeout(() => r.continue().catch(() => undefined), Math.random() * late));
  const page = await context.newPage();
  const elsewhere = [];
  const said = [];
  page.on("request", (r) => /^(https?):/.test(r.url()) && !r.url().startsWith(base) && elsewhere.push(r.url()));
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && !/Failed to load resource/.test(m.text()) && said.push(m.text()));
  // WeChat's question for messages comes when it comes: whoever wants to tap on answers it first.
  const question = page.locator(".mp-over", { hasText: "申请发送消息提醒" });
  await page.addLocatorHandler(question, () => {
    phone.asked++;
    return question.getByText("允许", { exact: true }).tap();
  });
  const query = new URLSearchParams({ who, ...(font ? { font } : {}) });
  await page.goto(`${base}/m/app.html?${query}${at ? "#" + at : ""}`);
  const phone = {
    page, context, taps: 0, asked: 0, elsewhere, said,
    /** find is what is visible with these words: a button, a card, a line. */
    find: (words) => page.locator(`.mp-page:not([hidden]) >> text=${words} >> visible=true`).last(),
    async tap(what) {
      phone.taps++;
      const target = typeof what === "string" ? phone.find(what) : what;
      await target.waitFor({ timeout: 10_000 });
      await target.tap();
    },
    async sees(words, timeout = 10_000) {
      await page.locator(`text=${words} >> visible=true`).first().waitFor({ timeout });
    },
    /** answer presses a button of WeChat's own dialogs, which are no taps of ours. */
    answer: async (words) => page.locator(`.mp-over button:has-text("${words}")`).last().tap(),
    button: async (words, exact = false) => {
      const b = page.locator(`wx-button:${exact ? "text-is" : "has-text"}("${words}"):not([disabled]) >> visible=true`).last();
      await b.waitFor({ timeout: 10_000 });
      return b;
    },
    /** press taps a button by its words. */
    press: async (words, exact = false) => phone.tap(await phone.button(words, exact)),
    gone: (words) => page.locator(`text=${words} >> visible=true`).first().waitFor({ state: "hidden", timeout: 15_000 }),
    /** photo chooses a picture behind a button. */
    async photo(words) {
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), phone.press(words)]);
      await chooser.setFiles({ name: "photo.png", mimeType: "image/png", buffer: picture });
      await page.locator(".mp-page:not([hidden]) wx-image >> visible=true").first().waitFor();
    },
    /** still waits until the page rests: it has what it asked for, nothing moves, and nothing has been drawn for a moment. */
    still: () => page.evaluate(async () => {
      let drawn = true;
      const observer = new MutationObserver(() => (drawn = true));
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      const moves = (a) => a.playState === "running" && a.effect.getComputedTiming().iterations !== Infinity;
      for (const until = performance.now() + 2000; performance.now() < until && (drawn || globalThis.__asked || document.getAnimations().some(moves)); ) {
        drawn = false;
        await new Promise((rested) => setTimeout(() => requestAnimationFrame(rested), 60));
      }
      observer.disconnect();
    }),
    /** choose picks from a chooser the first that has these words. */
    async choose(label, words) {
      const select = page.locator(`.mp-page:not([hidden]) select[aria-label="${label}"]`);
      const option = select.locator("option", { hasText: words }).first();
      await option.waitFor({ state: "attached", timeout: 10_000 }); // the form may still be read
      phone.taps += 2;
      await select.selectOption({ index: await option.evaluate((o) => o.index) });
    },
    /** name taps somebody among those whom a field has to choose from. */
    name: (field, words) => phone.tap(page.locator(`.mp-page:not([hidden]) .choices[aria-label="${field}"] wx-button`, { hasText: words }).first()),
    /** to opens the program anew at a page. */
    async to(hash) {
      await page.goto(page.url().replace(/#.*/, "") + hash);
      await page.reload();
    },
    /** cut takes the network away from the program, and gives it back: the page itself can still be opened, as a program on a phone can. */
    cut: (on) => (on ? context.route(/\/(api|m\/wechat)\//, (r) => r.abort("internetdisconnected")) : context.unroute(/\/(api|m\/wechat)\//)),
    /** api asks the server as the person; with a body it posts. */
    api: (path, body) => page.evaluate(async ([path, who, body]) => {
      const { access } = JSON.parse(localStorage.getItem(`preview/${who}/session`));
      const posted = body && { method: "POST", body: JSON.stringify(body) };
      return (await fetch(path, { ...posted, headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() } })).json();
    }, [path, who, body]),
    fill: async (label, text) => page.locator(`.mp-page:not([hidden]) [aria-label="${label}"] >> visible=true`).locator("input,textarea").or(page.locator(`.mp-page:not([hidden]) input[aria-label="${label}"], .mp-page:not([hidden]) textarea[aria-label="${label}"]`)).first().fill(text),
    async shot(name) {
      if (!shots) return;
      fs.mkdirSync(shots, { recursive: true });
      await phone.still();
      await page.screenshot({ path: path.join(shots, `${name}.png`) });
    },
    errors: () => page.evaluate(() => globalThis.__errors),
    close: () => context.close(),
  };
  return phone;
}

/** start opens a person's phone and signs them in: fresh sees the first page of a phone that was not bound yet. */
export async function start(chrome, options) {
  const phone = await open(chrome, options);
  const first = phone.page.locator("text=第一次使用 >> visible=true");
  const home = phone.page.locator("[role=tablist] >> text=我的 >> visible=true");
  await first.or(home).first().waitFor({ timeout: 15_000 });
  if (await first.count()) {
    await options.fresh?.(phone);
    await bind(phone);
  }
  await home.first().waitFor({ timeout: 15_000 });
  await phone.page.locator("[aria-label=正在读取]").first().waitFor({ state: "hidden" });
  return phone;
}

/** bind goes through the first sign-in of a phone: the notice agreed to, the number given. */
export async function bind(phone) {
  await phone.sees("第一次使用");
  await phone.page.locator('.mp-page:not([hidden]) input[type="checkbox"]').tap();
  await phone.tap("用微信手机号绑定");
  await phone.answer("允许");
}
